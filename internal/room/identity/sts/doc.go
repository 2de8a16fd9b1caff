// Package sts is the door of AWS STS: it says who calls, and gives sessions of roles
// and users, which the directory makes.
package sts
