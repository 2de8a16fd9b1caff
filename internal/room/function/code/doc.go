// Package code keeps the code of functions and layers: the zips that were uploaded,
// and what they unpack to.
//
// A zip is in the store under the hash of its bytes, once, whoever uploaded it; who
// keeps a [Ref] to it says so when the [Keeper] sweeps, and what nobody names is
// deleted. What it unpacks to is a folder that can be made again: folders are made
// when somebody asks for one, stay while there is room, and go with the process.
//
// What strangers upload is held to bounds before anything is kept: how large it is,
// packed and unpacked, how many files it has, and that no name and no link in it
// leads out of its folder.
package code
