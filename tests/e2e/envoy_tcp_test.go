//go:build e2e

package e2e

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
	"github.com/gatehouse-otel/gatehouse/tests/testbed/envoy"
)

// kgatewayTCPLog is what operators write for a TCP proxy, in Envoy Gateway's names.
var kgatewayTCPLog = []envoy.Field{
	{Name: "bytes_sent", Format: "%BYTES_SENT%"},
	{Name: "bytes_received", Format: "%BYTES_RECEIVED%"},
	{Name: "duration", Format: "%DURATION%"},
	{Name: "response_flags", Format: "%RESPONSE_FLAGS%"},
	{Name: "upstream_host", Format: "%UPSTREAM_HOST%"},
	{Name: "upstream_cluster", Format: "%UPSTREAM_CLUSTER%"},
	{Name: "upstream_local_address", Format: "%UPSTREAM_LOCAL_ADDRESS%"},
	{Name: "downstream_local_address", Format: "%DOWNSTREAM_LOCAL_ADDRESS%"},
	{Name: "downstream_remote_address", Format: "%DOWNSTREAM_REMOTE_ADDRESS%"},
	{Name: "upstream_transport_failure_reason", Format: "%UPSTREAM_TRANSPORT_FAILURE_REASON%"},
}

func (k *kgateway) tcpListener(service string) envoy.Listener {
	return envoy.Listener{
		Name: "tcp~" + service, Address: k.tcp[service], TCPCluster: kgatewayCluster(service),
		AccessLogs: []envoy.AccessLog{
			envoy.TCPGRPCLog{LogName: alsTCPLog},
			envoy.OTLPLog{LogName: otlpTCPLog, Resource: kgatewayLogResource, Attributes: kgatewayTCPLog},
		},
	}
}

const (
	tcpRequest = "GET /ok HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
	tcpEnds    = 2 // connections that connect makes
)

// connect makes a connection through each TCP proxy, to a service and to a dead one, and returns how many records that makes
// and how many bytes the service answered.
func (k *kgateway) connect(t *testing.T) (records, answered int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	for service, address := range k.tcp {
		conn, err := clientDialer.DialContext(ctx, "tcp", address)
		require.NoError(t, err)
		deadline, _ := ctx.Deadline()
		require.NoError(t, conn.SetDeadline(deadline))
		if service == "cart" {
			_, err = io.WriteString(conn, tcpRequest)
			require.NoError(t, err)
		}
		answer, err := io.ReadAll(conn)
		if service == "cart" {
			require.NoError(t, err)
			answered = len(answer)
		} else {
			var timeout interface{ Timeout() bool }
			require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "Envoy did not close the connection")
			require.Empty(t, answer)
		}
		require.NoError(t, conn.Close())
	}
	return tcpEnds * 2, answered
}

// checkTCP compares the records of the TCP proxies with what is wanted, and those over ALS with those over OTLP.
func (k *kgateway) checkTCP(t *testing.T, x testbed.Exchange, answered int) {
	t.Helper()
	for service, address := range k.tcp {
		byLog := map[string]testbed.Pair[testbed.RecordItem]{}
		for _, p := range x.Records {
			if p.After == nil {
				continue
			}
			if port, ok := p.After.Attributes().Get("network.local.port"); ok && port.Int() == int64(testbed.PortOf(address)) {
				byLog[textOf(p.After.Resource.Attributes(), "log_name")] = p
			}
		}
		require.Contains(t, byLog, alsTCPLog, service)
		require.Contains(t, byLog, otlpTCPLog, service)
		want := ofUpstream(end{service: service}).With(testbed.Attributes{
			"client.address": clientIP, "client.port": testbed.Port,
			"network.local.address": "127.0.0.1", "network.local.port": testbed.PortOf(address),
			"gateway.connection.duration":       testbed.Seconds,
			"gateway.connection.bytes_received": 0, "gateway.connection.bytes_sent": 0,
			"gateway.upstream.address": "127.0.0.1", "gateway.upstream.port": testbed.PortOf(k.addresses[service]),
		})
		more := testbed.Attributes{
			"gateway.access_log.type": "TcpConnectionEnd", "gateway.stream.id": testbed.UUID, "gateway.upstream.attempts": 1,
			"network.peer.address": clientIP, "network.peer.port": testbed.Port,
		}
		if service == "dead" {
			want["gateway.upstream.failure_reason"] = "delayed_connect_error:_Connection_refused"
			want["response_flags"] = testbed.Matches("UF,URX|URX,UF")
		} else {
			want["gateway.upstream.local.address"], want["gateway.upstream.local.port"] = "127.0.0.1", testbed.Port
			want["gateway.connection.bytes_received"], want["gateway.connection.bytes_sent"] = len(tcpRequest), answered
			more["gateway.connection.wire_bytes_received"], more["gateway.connection.wire_bytes_sent"] = len(tcpRequest), answered
			more["gateway.upstream.bytes_sent"], more["gateway.upstream.bytes_received"] = len(tcpRequest), answered
		}
		testbed.WantRecord{
			Attributes: want, Resource: kgatewayLogIdentity.With(testbed.Attributes{"log_name": otlpTCPLog}),
		}.Check(t, byLog[otlpTCPLog])
		testbed.WantRecord{Attributes: want.With(more), Resource: k.alsResource(alsTCPLog)}.Check(t, byLog[alsTCPLog])
		here, there := byLog[alsTCPLog].After, byLog[otlpTCPLog].After
		assert.Equal(t, there.Timestamp(), here.Timestamp())
		sameAttributes(t, "OTLP record", here.Attributes(), there.Attributes(), nil)
	}
}
