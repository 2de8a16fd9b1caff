"""Runs a Python function: asks the Runtime API for invocations and answers them."""

import http.client
import importlib
import importlib.util
import io
import json
import logging
import os
import struct
import sys
import time
import traceback

_TASK = os.environ["LAMBDA_TASK_ROOT"]
_NBSP = "\u00a0\u00a0"  # log viewers keep these, and with them the shape of a traceback
_log_fd = int(os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", "3"))
_json_log = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
_request_id = ""


def _write_frame(text):
    """One event of the log, whatever line breaks it has."""
    data = text.encode("utf-8", "replace")
    data = struct.pack(">IIQ", 0xA55A0003, len(data), time.time_ns() // 1000) + data
    while data:
        data = data[os.write(_log_fd, data):]


class _Handler(logging.Handler):
    def emit(self, record):
        try:
            record.aws_request_id = _request_id
            _write_frame(self.format(record))
        except Exception:
            self.handleError(record)


class _JSONFormatter(logging.Formatter):
    converter = time.gmtime

    def format(self, record):
        entry = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": _request_id,
        }
        if record.exc_info:
            kind, value, tb = record.exc_info
            entry["errorType"], entry["errorMessage"] = kind.__name__, str(value)
            entry["stackTrace"] = [line.rstrip("\n") for line in traceback.format_list(traceback.extract_tb(tb))]
        return json.dumps(entry, ensure_ascii=False, default=str) + "\n"


def _set_up_logging():
    handler = _Handler()
    if _json_log:
        handler.setFormatter(_JSONFormatter())
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO")
        logging.root.setLevel({"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}.get(level, level))
    else:
        formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    logging.root.addHandler(handler)


def _log_error(error, level="ERROR"):
    if _json_log:
        entry = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "log_level": level, **error}
        _write_frame(json.dumps(entry, ensure_ascii=False) + "\n")
        return
    head = f"[{level}]"
    if error.get("errorType"):
        head += " " + error["errorType"] + (":" if error.get("errorMessage") else "")
    if error.get("errorMessage"):
        head += " " + error["errorMessage"]
    lines = [head, "Traceback (most recent call last):"]
    for element in error["stackTrace"]:
        for line in element.splitlines() or [""]:
            rest = line.lstrip(" ")
            lines.append(_NBSP * ((len(line) - len(rest)) // 2) + rest)
    _write_frame("\n".join(lines))


class _InitError(Exception):
    """What keeps a function from being loaded."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.error = {"errorMessage": message, "errorType": kind, "requestId": "", "stackTrace": list(trace)}


def _error_of(exception, request_id):
    frames = traceback.extract_tb(exception.__traceback__)
    while frames and frames[0].filename == __file__:
        frames.pop(0)
    return {
        "errorMessage": str(exception),
        "errorType": type(exception).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }


def _load(handler):
    parts = handler.rsplit(".", 1)
    if len(parts) != 2:
        raise _InitError("Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack (expected 2, got {len(parts)})")
    module_name, function_name = parts
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise _InitError("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as e:
        if e.name in ("boto3", "botocore"):
            print("dari: the AWS SDK for Python is not installed for this interpreter, nor in a layer: apt install python3-boto3, or pip install boto3")
        raise _InitError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {e}")
    except SyntaxError as e:
        where = [f'  File "{e.filename}" Line {e.lineno}\n    {(e.text or "").strip()}\n']
        raise _InitError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {e}", where)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise _InitError("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")


def _give_old_sdks_their_endpoint():
    """botocore knows AWS_ENDPOINT_URL since 1.31; an older one would call AWS itself."""
    try:
        import botocore
        if tuple(int(n) for n in botocore.__version__.split(".")[:2]) >= (1, 31):
            return
        from botocore.session import Session
    except Exception:  # a botocore that we do not know gets along by itself
        return
    create = Session.create_client

    def create_client(self, service_name, *args, **kwargs):
        if len(args) < 5 and kwargs.get("endpoint_url") is None:
            name = "AWS_ENDPOINT_URL_" + service_name.upper().replace("-", "_").replace(" ", "_")
            kwargs["endpoint_url"] = os.environ.get(name) or os.environ.get("AWS_ENDPOINT_URL")
        return create(self, service_name, *args, **kwargs)

    Session.create_client = create_client


class _EndpointFinder:
    """Waits for botocore to be imported, since that takes its time and not all want it."""

    def find_spec(self, name, path=None, target=None):
        if name == "botocore.session":
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(name)
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                _give_old_sdks_their_endpoint()

            spec.loader.exec_module = exec_module
            return spec
        return None


class _Bag:
    """The members of a dict as attributes."""

    def __init__(self, names, values):
        for name in names:
            setattr(self, name, (values or {}).get(name))


class Context:
    """What a handler is told about its invocation."""

    def __init__(self, headers):
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.client_context, self.identity = None, None
        if headers.get("Lambda-Runtime-Client-Context"):
            given = json.loads(headers["Lambda-Runtime-Client-Context"])
            self.client_context = _Bag(["custom", "env", "client"], given)
            names = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]
            self.client_context.client = _Bag(names, given.get("client"))
        given = json.loads(headers.get("Lambda-Runtime-Cognito-Identity") or "{}")
        self.identity = _Bag(["cognito_identity_id", "cognito_identity_pool_id"],
                             {"cognito_identity_id": given.get("cognitoIdentityId"), "cognito_identity_pool_id": given.get("cognitoIdentityPoolId")})

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


class _RuntimeAPI:
    def __init__(self):
        self._connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(self, method, path, body=None, headers={}):
        self._connection.request(method, "/2018-06-01/runtime/" + path, body, headers)
        response = self._connection.getresponse()
        data = response.read()
        if response.status not in (200, 202, 413):
            raise RuntimeError(f"{method} {path}: {response.status} {data!r}")
        return response.headers, data

    def post_error(self, path, error):
        self.call("POST", path, json.dumps(error, ensure_ascii=False).encode("utf-8", "replace"),
                  {"Lambda-Runtime-Function-Error-Type": error["errorType"], "Content-Type": "application/json"})


def _marshal(value):
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain).encode("utf-8")
    except Exception as e:
        raise _InitError("Runtime.MarshalError", f"Unable to marshal response: {e}")


def _plain(value):
    if type(value).__name__ == "Decimal":
        return int(value) if value % 1 == 0 else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _invoke(handler, headers, body):
    try:
        event = json.loads(body)
    except ValueError as e:
        raise _InitError("Runtime.UnmarshalError", f"Unable to unmarshal input: {e}")
    result = handler(event, Context(headers))
    if isinstance(result, io.IOBase):  # a stream of bytes is the answer as it is
        return result.read(), result.content_type if hasattr(result, "content_type") else "application/octet-stream"
    return _marshal(result), "application/json"


def main():
    global _request_id
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="replace")
    own = f"/python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    layers = os.environ.pop("_DARI_LAYERS", "/opt")
    sys.path[:0] = [_TASK, layers + own, layers + "/python"]
    sys.path = [p for p in sys.path if p != os.path.dirname(__file__)]
    sys.meta_path.insert(0, _EndpointFinder())
    _set_up_logging()
    api = _RuntimeAPI()
    try:
        handler = _load(os.environ["_HANDLER"])
    except Exception as e:
        error = e.error if isinstance(e, _InitError) else _error_of(e, "")
        _log_error(error)
        api.post_error("init/error", error)
        sys.exit(1)
    while True:
        headers, body = api.call("GET", "invocation/next")
        _request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id") or ""
        try:
            answer, kind = _invoke(handler, headers, body)
        except Exception as e:
            error = {**e.error, "requestId": _request_id} if isinstance(e, _InitError) else _error_of(e, _request_id)
            _log_error(error)
            sys.stdout.flush()
            api.post_error(f"invocation/{_request_id}/error", error)
        else:
            sys.stdout.flush()
            api.call("POST", f"invocation/{_request_id}/response", answer, {"Content-Type": kind})


main()
