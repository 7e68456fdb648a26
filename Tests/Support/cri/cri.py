#!/usr/bin/python3
"""A client of Kubernetes' container runtime interface, for the tests.

    cri.py call SOCKET METHOD JSON     one call of RuntimeService; the answer as JSON on stdout
    cri.py stream URL                  what Exec and Attach gave: stdin, stdout and stderr are the process's; its exit status

The messages are those of runtime.proto, which protoc has made into runtime_pb2 on PYTHONPATH. A call that is refused ends
with status 1 and "code: message" on stderr.
"""
import json
import os
import sys
import threading


def call(socket, method, text):
    import grpc
    import runtime_pb2
    from google.protobuf import json_format

    request = json_format.Parse(text, getattr(runtime_pb2, method + "Request")())
    answer = getattr(runtime_pb2, method + "Response")
    with grpc.insecure_channel("unix://" + socket) as channel:
        function = channel.unary_unary(
            f"/runtime.v1.RuntimeService/{method}", request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString)
        while True:
            try:
                reply = function(request, timeout=60)
                break
            except grpc.RpcError as error:
                # The plug-in says so for a while after containerd has said that it is ready, and has no other word for it.
                if error.details() == "server is not initialized yet":
                    continue
                print(f"{error.code().name}: {error.details()}", file=sys.stderr)
                return 1
    print(json_format.MessageToJson(reply, including_default_value_fields=True, preserving_proto_field_name=True, indent=None))
    return 0


def stream(url):
    """Speaks the channels of kubectl: each message begins with a byte that says which stream it is of."""
    import websocket

    stdin, stdout, stderr, result = range(4)
    connection = websocket.create_connection(
        url.replace("http://", "ws://", 1), subprotocols=["v4.channel.k8s.io"], timeout=60)

    def feed():
        while data := os.read(0, 4096):
            connection.send_binary(bytes([stdin]) + data)

    # The protocol has no end of input: what is sent is all that can be said.
    threading.Thread(target=feed, daemon=True).start()
    while True:
        kind, data = connection.recv_data()
        if kind == websocket.ABNF.OPCODE_CLOSE:
            print("the stream was closed without a status", file=sys.stderr)
            return 125
        if not data:
            continue
        if data[0] == stdout:
            os.write(1, data[1:])
        elif data[0] == stderr:
            os.write(2, data[1:])
        elif data[0] == result and len(data) > 1:
            status = json.loads(data[1:])
            if status["status"] == "Success":
                return 0
            causes = {cause["reason"]: cause["message"] for cause in status.get("details", {}).get("causes", [])}
            if "ExitCode" in causes:
                return int(causes["ExitCode"])
            print(status["message"], file=sys.stderr)
            return 125


def main():
    match sys.argv[1:]:
        case ["call", socket, method, text]:
            return call(socket, method, text)
        case ["stream", url]:
            return stream(url)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
