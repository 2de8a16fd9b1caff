// Package sandbox runs programs of strangers: a command, its folders and limits
// in, a process out.
//
// There are three levels, and which of them this machine can do is found out by
// doing it (see [Open]).
//
// At level [LevelNamespaces] the program has a process tree of its own, sees a system
// of its own that is read-only (the system's folders, and of everything else only
// what the command binds), has its own /tmp and no capabilities, and cannot get
// any. When its first process ends, for whatever reason, nothing of it is left.
//
// At level [LevelLandlock] it is a process among the others, and the kernel lets it
// reach the same files as there, with /tmp and /dev/shm of the machine, and from
// Linux 6.12 on send signals to none but its own.
//
// At level [LevelProcess] it is a process like any other: its environment is clean, its
// memory and its processes are bounded, and its tree is killed at the end, unless
// it sets out to escape. Where the server is root, each program has a user of its
// own at every level, and so reaches neither the server nor what the server keeps.
//
// All work by starting our own binary once more, with the first argument
// [InitCommand]: main hands over to [Init] before anything else. There it makes the
// place and is the first process in it: it starts the program, collects the dead,
// and ends when the server does. How far each promise goes is a table in
// docs/sandbox.md.
//
// Left out: the network, which is the machine's; the division of processors;
// control groups, which no machine that we test on has. Strangers' code that means harm belongs on a machine of its own.
package sandbox
