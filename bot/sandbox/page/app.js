const out = document.getElementById("out");
const socket = new WebSocket(`ws://${location.host}/ui/ws?user=U0YOU`);
socket.onmessage = (frame) => { out.append(frame.data, "\n"); };
