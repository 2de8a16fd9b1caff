package runtime

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/sandbox"
)

// A layout is where a function finds its folders.
type layout struct {
	at                 func(sandbox.Bind) string // where the host puts a bind
	binds              []sandbox.Bind
	task, opt, runtime string
	framed             bool // that there is a descriptor for the frames of the log
}

// newLayout is what the layouts of all hosts have.
func newLayout(env *Environment, at func(sandbox.Bind) string) layout {
	l := layout{at: at, opt: "/opt"}
	for _, prefix := range env.interpreter.prefixes {
		l.bind(prefix, prefix)
	}
	l.task = l.bind(env.c.CodeDir, "/var/task")
	if env.layers != "" {
		l.opt = l.bind(env.layers, "/opt")
		// Modules of ECMAScript are looked for above the code only.
		if modules := filepath.Join(env.layers, "nodejs", "node_modules"); isFolder(modules) {
			l.bind(modules, "/var/node_modules")
		}
	}
	return l
}

// bind shows a folder, and says where.
func (l *layout) bind(from, to string) string {
	b := sandbox.Bind{From: from, To: to}
	l.binds = append(l.binds, b)
	return l.at(b)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// program is what is run, with its arguments.
func (env *Environment) program(l layout) (path string, args []string) {
	switch i := env.interpreter; i.family {
	case "python":
		path, args = i.exe, []string{filepath.Join(l.runtime, "bootstrap.py")}
	case "nodejs":
		path, args = i.exe, []string{filepath.Join(l.runtime, "bootstrap.mjs")}
	default:
		path = filepath.Join(l.task, "bootstrap")
		if _, err := os.Lstat(filepath.Join(env.c.CodeDir, "bootstrap")); err != nil && env.layers != "" {
			path = filepath.Join(l.opt, "bootstrap")
		}
	}
	if env.wrapper != "" {
		args = append([]string{path}, args...)
		path = env.wrapper
		for prefix, at := range map[string]string{"/var/task": l.task, "/opt": l.opt} {
			if rest, ok := strings.CutPrefix(path, prefix+"/"); ok {
				path = filepath.Join(at, rest)
			}
		}
	}
	return path, args
}

// variables are the environment of the process. What the user sets wins over what
// anybody may set, and the platform wins over the user.
func (env *Environment) variables(l layout, api string) []string {
	c := env.c
	vars := map[string]string{
		"PATH":                      "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:" + l.opt + "/bin",
		"LD_LIBRARY_PATH":           strings.Join([]string{"/var/lang/lib:/lib64:/usr/lib64", l.runtime, l.runtime + "/lib", l.task, l.task + "/lib", l.opt + "/lib"}, ":"),
		"LANG":                      "en_US.UTF-8",
		"TZ":                        ":UTC",
		"AWS_XRAY_CONTEXT_MISSING":  "LOG_ERROR",
		"AWS_ENDPOINT_URL":          c.Endpoint,
		"AWS_EC2_METADATA_DISABLED": "true", // there is none, and waiting for it takes seconds
	}
	if l.framed {
		vars["_LAMBDA_TELEMETRY_LOG_FD"] = "3"
	}
	major := strings.TrimSuffix(strings.TrimPrefix(c.Runtime, "nodejs"), ".x")
	switch env.interpreter.family {
	case "python":
		vars["PYTHONPATH"], vars["LC_CTYPE"] = l.runtime, "C.UTF-8"
	case "nodejs":
		vars["NODE_PATH"] = strings.Join([]string{l.opt + "/nodejs/node" + major + "/node_modules", l.opt + "/nodejs/node_modules", l.runtime + "/node_modules", l.runtime, l.task}, ":")
	}
	if env.interpreter.family != "" {
		vars["PWD"], vars["SHLVL"] = l.task, "0"
	}
	maps.Copy(vars, c.Env)
	maps.Copy(vars, map[string]string{
		"AWS_ACCESS_KEY_ID": c.Credentials.AccessKey, "AWS_SECRET_ACCESS_KEY": c.Credentials.SecretKey, "AWS_SESSION_TOKEN": c.Credentials.Token,
		"AWS_REGION": c.Region, "AWS_DEFAULT_REGION": c.Region,
		"AWS_LAMBDA_FUNCTION_NAME": c.Name, "AWS_LAMBDA_FUNCTION_VERSION": c.Version, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(c.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": c.LogGroup, "AWS_LAMBDA_LOG_STREAM_NAME": c.LogStream,
		"AWS_LAMBDA_RUNTIME_API": api, "LAMBDA_TASK_ROOT": l.task, "LAMBDA_RUNTIME_DIR": l.runtime, "_HANDLER": c.Handler,
	})
	if c.Provisioned {
		vars["AWS_LAMBDA_INITIALIZATION_TYPE"] = "provisioned-concurrency"
	}
	if c.JSONLog {
		vars["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
		if c.LogLevel != "" {
			vars["AWS_LAMBDA_LOG_LEVEL"] = c.LogLevel
		}
	}
	switch env.interpreter.family {
	case "python":
		vars["AWS_EXECUTION_ENV"], vars["_DARI_LAYERS"] = "AWS_Lambda_"+c.Runtime, l.opt
	case "nodejs":
		vars["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + c.Runtime
	}
	all := make([]string, 0, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		all = append(all, name+"="+vars[name])
	}
	return all
}
