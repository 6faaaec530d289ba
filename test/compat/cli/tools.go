//go:build tools

// Names the command line tool, so that the go command keeps its version.
package tools

import _ "github.com/nats-io/natscli/nats"
