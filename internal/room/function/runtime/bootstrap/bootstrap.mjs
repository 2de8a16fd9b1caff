// Runs a Node function: asks the Runtime API for invocations and answers them.

import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { format, inspect } from "node:util";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const logFD = Number(process.env._LAMBDA_TELEMETRY_LOG_FD ?? 3);
const jsonLog = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
const leastLevel = process.env.AWS_LAMBDA_LOG_LEVEL ?? "INFO";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const task = process.env.LAMBDA_TASK_ROOT;
delete process.env._LAMBDA_TELEMETRY_LOG_FD;

// The SDK looks for settings at home, and the user that functions run as may be none
// that the machine knows.
try {
  os.homedir();
} catch {
  process.env.HOME = "/tmp";
}

let current; // the invocation that is running

// One event of the log, whatever line breaks it has.
function writeFrame(text) {
  const data = Buffer.from(text);
  const frame = Buffer.alloc(16 + data.length);
  frame.writeUInt32BE(0xa55a0003, 0);
  frame.writeUInt32BE(data.length, 4);
  frame.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  data.copy(frame, 16);
  for (let at = 0; at < frame.length; ) at += fs.writeSync(logFD, frame, at);
}

const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

function log(level, args) {
  const id = current?.id ?? (jsonLog ? "" : undefined);
  const now = new Date().toISOString();
  if (!jsonLog) return writeFrame(`${now}\t${id}\t${level}\t${format(...args)}\n`);
  if (levels.indexOf(level) < levels.indexOf(leastLevel)) return;
  const entry = { timestamp: now, level, requestId: id };
  const error = args.find((a) => a instanceof Error);
  entry.message = args.length === 1 && !error && typeof args[0] === "object" ? args[0] : format(...args);
  if (error) Object.assign(entry, { errorType: error.name, errorMessage: error.message, stackTrace: stackOf(error) });
  let text;
  try {
    text = JSON.stringify(entry);
  } catch {
    text = JSON.stringify({ ...entry, message: inspect(args[0]) });
  }
  writeFrame(text + "\n");
}

for (const [name, level] of Object.entries({ log: "INFO", info: "INFO", warn: "WARN", error: "ERROR", debug: "DEBUG", trace: "TRACE", fatal: "FATAL" }))
  console[name] = (...args) => log(level, args);

const stackOf = (e) => String(e.stack ?? "").split("\n");

function errorOf(e) {
  if (!(e instanceof Error) && !(e && e.message && e.stack)) return { errorType: typeof e, errorMessage: String(e), trace: [] };
  return { errorType: e.name?.replaceAll("\x7f", "%7F") ?? "Error", errorMessage: String(e.message), trace: stackOf(e) };
}

function logError(what, e) {
  const { errorType, errorMessage } = errorOf(e);
  const members = e instanceof Error ? Object.fromEntries(Object.entries(e)) : {};
  if (jsonLog) return log("ERROR", [e instanceof Error ? e : { errorType, errorMessage }]);
  let text;
  try {
    text = JSON.stringify({ errorType, errorMessage, ...members, stack: errorOf(e).trace });
  } catch {
    text = JSON.stringify({ errorType, errorMessage, stack: errorOf(e).trace });
  }
  log("ERROR", [`${what} \t${text}`]);
}

// call makes a call of the Runtime API and returns its answer.
function call(method, where, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, agent, path: "/2018-06-01/runtime/" + where, headers };
    if (body !== undefined) headers["Content-Length"] = Buffer.byteLength(body);
    const request = http.request(options, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        if (![200, 202, 413].includes(response.statusCode)) return reject(new Error(`${method} ${where}: ${response.statusCode}`));
        resolve({ headers: response.headers, body: Buffer.concat(parts).toString() });
      });
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

const postError = (where, error) =>
  call("POST", where, JSON.stringify(error), { "Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": error.errorType.replace(/[^\x20-\x7e]/g, "?") });

class InitError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

const streaming = Symbol.for("aws.lambda.runtime.handler.streaming");
globalThis.awslambda = {
  streamifyResponse: (handler, options) => {
    handler[streaming] = "response";
    if (options?.highWaterMark !== undefined) handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] = options.highWaterMark;
    return handler;
  },
  HttpResponseStream: class {
    static from(stream, metadata) {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      stream.write(JSON.stringify(metadata));
      stream.write(Buffer.alloc(8)); // parts the metadata from the body
      return stream;
    }
  },
};

async function load(handler) {
  const match = /^(.*[/\\])?([^./\\]+)\.(.+)$/.exec(handler);
  if (!match || handler.includes("..")) throw new InitError("Runtime.MalformedHandlerName", "Bad handler");
  const base = path.resolve(task, match[1] ?? "", match[2]);
  const found = ["", ".js", ".mjs", ".cjs"].map((ending) => base + ending).find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
  let module;
  try {
    if (!found) throw Object.assign(new Error(`Cannot find module '${match[2]}'\nRequire stack:\n- /var/runtime/index.mjs`), { code: "MODULE_NOT_FOUND" });
    module = isModule(found) ? await import(pathToFileURL(found)) : createRequire(base)(found);
  } catch (e) {
    if (e instanceof SyntaxError) throw Object.assign(new InitError("Runtime.UserCodeSyntaxError", `${e}`), { stack: e.stack });
    if (!["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(e?.code)) throw e;
    if (/'@aws-sdk\/|'aws-sdk/.test(e.message)) process.stdout.write("dari: the AWS SDK for JavaScript is not part of this runtime: bring it in the code's node_modules, or in a layer\n");
    throw Object.assign(new InitError("Runtime.ImportModuleError", `${e}`), { stack: e.stack });
  }
  const named = match[3].split(".").reduce((at, name) => at?.[name], module) ?? match[3].split(".").reduce((at, name) => at?.[name], module.default);
  if (typeof named !== "function") throw new InitError("Runtime.HandlerNotFound", `${match[2]}.${match[3]} is ${named === undefined ? "undefined or not exported" : "not a function"}`);
  return named;
}

// isModule tells modules of ECMAScript from those of Node.
function isModule(file) {
  if (file.endsWith(".mjs")) return true;
  if (file.endsWith(".cjs")) return false;
  for (let dir = path.dirname(file); ; dir = path.dirname(dir)) {
    const description = path.join(dir, "package.json");
    if (fs.existsSync(description)) return JSON.parse(fs.readFileSync(description)).type === "module";
    if (dir === path.dirname(dir)) return false;
  }
}

function contextOf(headers, invocation) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const parse = (text) => (text ? JSON.parse(text) : undefined);
  const env = process.env;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers["lambda-runtime-client-context"]),
    identity: parse(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: invocation.id,
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
    done: (error, result) => invocation.callback(error, result),
    succeed: (result) => invocation.callback(null, result),
    fail: (error) => invocation.callback(error ?? new Error("handled"), undefined),
  };
}

// plain runs a handler that returns its answer, promises it, or calls back.
function plain(handler, event, headers, invocation) {
  return new Promise((resolve, reject) => {
    const context = contextOf(headers, invocation);
    const settle = (error, result) => (error === null || error === undefined ? resolve(result) : reject(error));
    // What was given to the callback is the answer once nothing more is to be done.
    let given = [null, null];
    const whenIdle = () => settle(...given);
    invocation.release = () => process.removeListener("beforeExit", whenIdle);
    invocation.callback = (error, result) => {
      if (context.callbackWaitsForEmptyEventLoop && !error) given = [null, result];
      else settle(error, result);
    };
    process.once("beforeExit", whenIdle);
    const returned = handler(event, context, invocation.callback);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
  });
}

// streamed runs a handler that writes its answer while it makes it.
async function streamed(handler, event, headers, invocation) {
  const where = `invocation/${invocation.id}/response`;
  let answered;
  const done = new Promise((resolve, reject) => (answered = { resolve, reject }));
  done.catch(() => {}); // whoever waits for it hears of it
  const stream = http.request({ host, port, method: "POST", agent, path: "/2018-06-01/runtime/" + where }, (response) => {
    response.resume();
    response.on("end", answered.resolve);
  });
  stream.on("error", answered.reject);
  stream.setHeader("Lambda-Runtime-Function-Response-Mode", "streaming");
  stream.setHeader("Transfer-Encoding", "chunked");
  stream.setHeader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body");
  stream.setHeader("Content-Type", "application/octet-stream");
  stream.setContentType = (kind) => stream.setHeader("Content-Type", kind);
  const write = stream.write.bind(stream);
  stream.write = (part, ...rest) => write(typeof part === "string" || part instanceof Uint8Array ? part : JSON.stringify(part), ...rest);
  try {
    await handler(event, stream, contextOf(headers, invocation));
    if (!stream.writableEnded) stream.end();
  } catch (e) {
    logError("Invoke Error", e);
    const error = errorOf(e);
    if (!stream.headersSent) {
      stream.destroy();
      await postError(`invocation/${invocation.id}/error`, error);
      return;
    }
    stream.addTrailers({ "Lambda-Runtime-Function-Error-Type": error.errorType, "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(error)).toString("base64") });
    stream.end();
  }
  await done;
}

async function invoke(handler, headers, body) {
  const invocation = (current = { id: headers["lambda-runtime-aws-request-id"], callback: () => {}, release: () => {} });
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
  const event = JSON.parse(body);
  if (handler[streaming]) return streamed(handler, event, headers, invocation);
  try {
    const result = await plain(handler, event, headers, invocation);
    let text;
    try {
      text = JSON.stringify(result === undefined ? null : result) ?? "null";
    } catch (e) {
      throw new InitError("Runtime.MarshalError", `Unable to stringify response body: ${e.message}`);
    }
    await call("POST", `invocation/${invocation.id}/response`, text, { "Content-Type": "application/json" });
  } catch (e) {
    logError("Invoke Error", e);
    await postError(`invocation/${invocation.id}/error`, errorOf(e));
  } finally {
    invocation.release();
  }
}

// die says what went wrong outside of any handler, and ends.
function die(name, e, status) {
  logError(name === "Runtime.UnhandledPromiseRejection" ? "Unhandled Promise Rejection" : "Uncaught Exception", e);
  const error = { ...errorOf(e) };
  if (name) Object.assign(error, { errorType: name, errorMessage: String(e), reason: errorOf(e) });
  postError(current ? `invocation/${current.id}/error` : "init/error", error).finally(() => process.exit(status));
}
process.on("uncaughtException", (e) => die("", e, 129));
process.on("unhandledRejection", (e) => die("Runtime.UnhandledPromiseRejection", e, 128));

let handler;
try {
  handler = await load(process.env._HANDLER);
} catch (e) {
  logError("Uncaught Exception", e);
  await postError("init/error", errorOf(e));
  process.exit(1);
}
for (;;) {
  const { headers, body } = await call("GET", "invocation/next");
  await invoke(handler, headers, body);
}
