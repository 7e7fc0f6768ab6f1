package testbed

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every address of the networks can be listened on, nothing outside them can be reached, and the process is the first of
// its own.
func TestIsolated(t *testing.T) {
	if !Isolated(t, Row{Program: "namespaces"}, netip.MustParsePrefix("10.244.0.1/16")) {
		return
	}
	assert.Equal(t, 1, os.Getpid())
	listener, err := net.Listen("tcp", "10.244.3.7:53")
	require.NoError(t, err)
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, listener.Close())
	_, err = net.Dial("tcp", "192.0.2.1:80")
	require.ErrorContains(t, err, "unreachable")
}
