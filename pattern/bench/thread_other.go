//go:build !linux

package main

import "time"

// threadTime is known only on Linux.
func threadTime() time.Duration { return 0 }
