//go:build tools

// Package network pins the program of the test network's nodes; go.sum holds the hashes of all
// that it is built of. It is run as a process of its own and is no part of gridpact.
package network

import _ "github.com/kaiachain/kaia/cmd/kcn"
