"""Alarms of Amazon CloudWatch, delivered by SNS.

Formats: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from bot.config.manage import Manage
from bot.ports import Inbound, Ports, Received, Refusal, Said, Visit
from bot.report import Report, severity_of
from handlers.http.inbound import no_data, sns
from handlers.http.inbound.json_body import parsed
from handlers.http.inbound.node import Node, top
from storage.records.alerts import Severity

_WORD = re.compile(r"(?<![A-Za-z0-9])(critical|sev[1-4]|p[1-5])(?![A-Za-z0-9])", re.IGNORECASE)


async def proven(received: Received, ports: Ports, kept: MutableMapping[str, bytes]) -> bool:
    """Check that the message is of a topic that manage.yml names, and signed by AWS; nothing else is taken."""
    message = top(parsed(received.body)).object()
    topics, topic = ports.manage.webhooks.cloudwatch.topics, message.get("TopicArn")
    if topic not in topics:
        raise Refusal(
            "TopicArn is not listed in manage.yml" if isinstance(topic, str) else "TopicArn must be text",
            "Add the topic's ARN to webhooks.cloudwatch.topics.",
            status=403,
        )
    await sns.verify(message, ports, kept)
    return True


def read(received: Received, manage: Manage) -> Sequence[Said]:
    """Read an alarm, or a request to confirm the subscription."""
    message = top(received.payload)
    match message["Type"].text():
        case "SubscriptionConfirmation":
            address = message["SubscribeURL"].needed()
            if not sns.own_address(address):
                raise Refusal("SubscribeURL is no address of AWS's", "Only subscriptions of SNS are confirmed.")
            return (Visit(address),)
        case "Notification":
            return _alarm(_inner(message["Message"]), manage.webhooks.cloudwatch.severity)
        case _:  # that the subscription ended is somebody's wish
            return ()


def _inner(message: Node) -> Node:
    try:
        alarm = Node(parsed(str(message.value).encode(errors="replace")), "Message")
    except Refusal as wrong:
        raise Refusal(f"Message is no CloudWatch alarm: {wrong}", "Subscribe the topic to alarms alone.") from None
    if not isinstance(alarm.value, dict) or "AlarmName" not in alarm.value:
        raise Refusal("Message is no CloudWatch alarm: AlarmName is missing", "Subscribe the topic to alarms alone.")
    return alarm


def _alarm(alarm: Node, severity: Severity) -> Sequence[Report]:
    """Read the state. Missing data is no end: the alarm keeps firing, and a second alert says what is missing."""
    name, state = alarm["AlarmName"].needed(), alarm["NewStateValue"].text()
    if state not in {"ALARM", "OK", "INSUFFICIENT_DATA"}:
        raise Refusal(f"NewStateValue must be ALARM, OK or INSUFFICIENT_DATA, not {state[:40] or 'empty'}")
    about = alarm["AlarmDescription"].text()
    trigger = alarm["Trigger"]
    report = Report(
        name=name,
        labels={
            label: said
            for label, key in (("account", "AWSAccountId"), ("region", "Region"))
            if (said := alarm[key].text(100))
        },
        severity=severity_of(word[0]) if (word := _WORD.search(f"{name} {about}")) else severity,
        source="cloudwatch",
        resolved=state == "OK",
        started_at=alarm["StateChangeTime"].moment(),
        summary=about or name,
        description=alarm["NewStateReason"].text(),
        annotations=_annotations(trigger),
        reading=alarm["NewStateReason"].text(300),
        threshold=trigger["Threshold"].number() if isinstance(trigger.value, dict) else None,
    )
    return no_data.absent(report) if state == "INSUFFICIENT_DATA" else no_data.present(report)


def _annotations(trigger: Node) -> Mapping[str, str]:
    """Tell what is measured. It is no part of the identity, as an alarm may be edited while it fires."""
    if not isinstance(trigger.value, dict):
        return {}
    found = {
        key: trigger[key].text(200) for key in ("Namespace", "MetricName") if not isinstance(trigger[key].value, dict)
    }
    dimensions = trigger["Dimensions"]
    for dimension in dimensions.list() if isinstance(dimensions.value, list) else ():
        match dimension.value:
            case {"name": str() as name, "value": str() as value}:
                found[name] = value
    return {key: said for key, said in found.items() if said}


def _message_id(received: Received) -> str:
    number: Any = received.payload.get("MessageId")
    return number if isinstance(number, str) else ""


CLOUDWATCH = Inbound(name="cloudwatch", read=read, proven=proven, delivery=_message_id)
