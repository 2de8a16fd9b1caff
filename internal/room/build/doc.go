// Package build is the room of builds: it stands in for AWS CodeBuild.
//
// A project says what is built and how; a build of it really runs, on the machine of
// the server and in its sandbox, with the credentials of the project's service role.
// Its log is a stream of the log group /aws/codebuild/PROJECT while it runs, and its
// artifacts go to the folder that stands for S3.
//
// A build goes through CodeBuild's phases. Each change is on disk together with the
// event that tells of it, in one transaction. Builds wait in line while as many run
// as may, and accounts take turns; those that wait go on after a restart, and those that
// ran end in a fault, since nobody knows how far they came.
//
// The last builds of an account in a region are kept, as far as they have room. A
// project is deleted without its builds.
//
// # What it leaves out
//
// Webhooks, batch builds, fleets, report groups, sandboxes that one can enter, caches,
// and images: a build sees the programs of the machine. They are refused by name, or
// the log of a build says so.
package build
