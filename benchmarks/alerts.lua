-- What Prometheus sends: batches of alerts, as wrk asks for them. Arguments: how many alerts in one request, "distinct" or
-- "resent", the number of this run (so that two runs never send the same), and the bearer token ("" for none).
local size, kind, run, token
local thread_number = 0
local sent = 0

function setup(thread)
   thread:set("id", thread_number)
   thread_number = thread_number + 1
end

function init(args)
   size, kind, run, token = tonumber(args[1]), args[2], args[3], args[4]
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
   if token ~= "" then wrk.headers["Authorization"] = "Bearer " .. token end
end

local ALERT = '{"labels":{"alertname":"Rule%d","instance":"host-%s-%d-%d:9100","job":"node","severity":"warning"},' ..
   '"annotations":{"summary":"a disk of host %d is almost full","description":"less than a tenth of it is free"},' ..
   '"startsAt":"%s","endsAt":"%s","generatorURL":"http://prometheus.example:9090/graph?g0.expr=x"}'
-- What is sent again began when it did the first time, in another run of wrk: a new start would be news.
local BEGAN = "2026-01-01T00:00:00.000Z"

function request()
   local ends = os.date("!%Y-%m-%dT%H:%M:%S.000Z", os.time() + 240)
   local alerts = {}
   for i = 1, size do
      local number = kind == "resent" and i or sent
      alerts[i] = string.format(ALERT, number % 100, run, id, number, number, BEGAN, ends)
      sent = sent + 1
   end
   return wrk.format(nil, "/api/v2/alerts", nil, "[" .. table.concat(alerts, ",") .. "]")
end

function done(summary, latency, requests)
   local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
      summary.errors.timeout
   io.write(string.format('{"requests": %d, "seconds": %f, "failed": %d, "p50": %f, "p99": %f}\n', summary.requests,
      summary.duration / 1e6, failed, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
