// Package simulate is the part of IAM's door that asks the simulator: what policies
// would decide, and which condition keys they ask for.
package simulate
