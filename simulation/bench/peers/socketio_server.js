// The peer of the fan-out benchmark: socket.io, which emits the body of every POST to all who are connected.
// PORT is told on the first line.
const http = require("http");
const { Server } = require("socket.io");

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    io.emit("comment", Buffer.concat(parts).toString());
    response.writeHead(204).end();
  });
});
const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false, pingInterval: 600000 });
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
