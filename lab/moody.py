"""A web server whose mood is a file: "ok", "500" (answers so), "slow" (answers after 5 s), "hang" (accepts, and never
answers). Writes a line for each request that is no health check's. Run as: moody.py NAME PORT MOOD_FILE LOG ADDRESS..."""
import http.server
import pathlib
import socket
import socketserver
import sys
import threading
import time

MOODY_PORT = 8080
SLOW = 5.0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        mood = self.server.mood.read_text().strip()
        if self.path != "/healthz":
            with self.server.log.open("a") as out:
                out.write(f"{time.time():.3f} {self.path} {mood}\n")
        if mood == "slow":
            time.sleep(SLOW)
        while mood == "hang":
            time.sleep(0.1)
            mood = self.server.mood.read_text().strip()
        body = f"{self.server.name}\n".encode()
        self.send_response(500 if mood == "500" else 200)
        self.send_header("X-Server", self.server.name)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, address, port, name, mood, log):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.name, self.mood, self.log = name, mood, log
        super().__init__((address, port), Handler)

    def server_bind(self):
        # Virtual addresses may come later than this program.
        free = (socket.IPPROTO_IPV6, 78) if self.address_family == socket.AF_INET6 else (socket.IPPROTO_IP, 15)
        self.socket.setsockopt(*free, 1)
        # Not HTTPServer's, which asks the DNS for its own name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.name, self.server_address[1]

    def handle_error(self, request, client_address):
        pass    # a client or a probe that hung up


def main():
    name, port, mood, log, *addresses = sys.argv[1:]
    servers = [Server(address, int(port), name, pathlib.Path(mood), pathlib.Path(log)) for address in addresses]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
