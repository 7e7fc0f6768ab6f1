package otel

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

const (
	asServer = gateway.KindServer
	asClient = gateway.KindClient
)

// want checks the rule for a key on a span of one kind, with all options off.
func want(t *testing.T, rules []gateway.Rule, from string, kind gateway.Kinds, op gateway.Op, to ...string) gateway.Rule {
	t.Helper()
	r := lookup(rules, from, kind, gateway.OnSpans, false)
	require.NotNil(t, r, "%s: no rule", from)
	assert.Equal(t, op, r.Op, "%s: operation", from)
	if len(to) == 0 {
		assert.Empty(t, r.To, "%s: targets", from)
	} else {
		assert.Equal(t, to, r.To, "%s: targets", from)
	}
	return *r
}

// none checks that nothing touches a key, on any kind and signal, with any option.
func none(t *testing.T, from string) {
	t.Helper()
	for place, rules := range lists() {
		for _, kind := range kindsOf(gateway.Rule{}) {
			for _, signal := range signalsOf(gateway.Rule{}) {
				assert.Nil(t, lookup(rules, from, kind, signal, true), "%s: %s must stay", place, from)
			}
		}
	}
}

// TestTraps holds what a table generated from one machine-readable source gets wrong.
func TestTraps(t *testing.T) {
	t.Parallel()
	a := Profile.Attributes

	t.Run("enduser is kept", func(t *testing.T) {
		t.Parallel()
		want(t, a, "enduser.id", asServer, gateway.OpKeep)
		want(t, a, "enduser.pseudo.id", asServer, gateway.OpKeep)
	})
	t.Run("names that generated packages lack", func(t *testing.T) {
		t.Parallel()
		want(t, a, "messaging.client_id", asClient, gateway.OpRename, messagingClientID)
		want(t, a, "faas.invocation_id", asServer, gateway.OpRename, faasInvocationID)
		want(t, a, "faas.time", asServer, gateway.OpRename, "faas.invocation.start_time")
		want(t, Profile.Resource, "process.context_switch_type", asServer, gateway.OpRename, "process.context_switch.type")
		want(t, Profile.Events, "feature_flag.provider_name", asServer, gateway.OpRename, "feature_flag.provider.name")
		log := lookup(a, "feature_flag.provider_name", asServer, gateway.OnLogs, false)
		require.NotNil(t, log)
		assert.Equal(t, []string{"feature_flag.provider.name"}, log.To)
	})
	t.Run("peer.service ends in 1.45.0, by side", func(t *testing.T) {
		t.Parallel()
		for _, from := range []string{"peer.service", "service.peer.name"} {
			want(t, a, from, asClient, gateway.OpRename, attrs.ServerServiceName)
			want(t, a, from, asServer, gateway.OpRename, attrs.ClientServiceName)
			want(t, a, from, gateway.KindConsumer, gateway.OpRename, attrs.ClientServiceName)
			want(t, a, from, gateway.KindProducer, gateway.OpRename, attrs.ServerServiceName)
		}
	})
	t.Run("net.peer.ip and net.host.ip do not stop at net.sock", func(t *testing.T) {
		t.Parallel()
		want(t, a, "net.peer.ip", asServer, gateway.OpAddress, attrs.NetworkPeerAddress, attrs.NetworkPeerPort)
		want(t, a, "net.host.ip", asServer, gateway.OpAddress, attrs.NetworkLocalAddress, attrs.NetworkLocalPort)
	})
	t.Run("socket names of 1.21.0 do not stop there", func(t *testing.T) {
		t.Parallel()
		want(t, a, "server.socket.address", asClient, gateway.OpAddress, attrs.NetworkPeerAddress, attrs.NetworkPeerPort)
		want(t, a, "server.socket.address", asServer, gateway.OpAddress, attrs.NetworkLocalAddress, attrs.NetworkLocalPort)
		want(t, a, "client.socket.port", asServer, gateway.OpPort, attrs.NetworkPeerPort)
		want(t, a, "client.socket.port", asClient, gateway.OpPort, attrs.NetworkLocalPort)
		want(t, a, "server.socket.domain", asClient, gateway.OpDrop)
	})
	t.Run("split by kind, absent from the schema file", func(t *testing.T) {
		t.Parallel()
		want(t, a, "net.peer.name", asClient, gateway.OpAddress, attrs.ServerAddress, attrs.ServerPort)
		want(t, a, "net.peer.name", asServer, gateway.OpAddress, attrs.ClientAddress, attrs.ClientPort)
		want(t, a, "net.peer.port", asClient, gateway.OpPort, attrs.ServerPort)
		want(t, a, "net.peer.port", asServer, gateway.OpPort, attrs.ClientPort)
		want(t, a, "http.target", asServer, gateway.OpTarget, attrs.URLPath, attrs.URLQuery)
		want(t, a, "http.host", asServer, gateway.OpHostPort, attrs.ServerAddress, attrs.ServerPort)
		assert.True(t, want(t, a, "http.server_name", asServer, gateway.OpAddress, attrs.ServerAddress, attrs.ServerPort).Yield)
	})
	t.Run("http.url is no plain rename", func(t *testing.T) {
		t.Parallel()
		want(t, a, "http.url", asServer, gateway.OpURL, attrs.URLFull)
		want(t, a, "http.url", asClient, gateway.OpURL, attrs.URLFull)
	})
	t.Run("values that change with the name", func(t *testing.T) {
		t.Parallel()
		want(t, a, "http.method", asServer, gateway.OpMethod, attrs.HTTPRequestMethod, attrs.HTTPRequestMethodOriginal)
		want(t, a, "http.flavor", asServer, gateway.OpFlavor, attrs.NetworkProtocolName, attrs.NetworkProtocolVersion)
		transport := want(t, a, "net.transport", asServer, gateway.OpMap, attrs.NetworkTransport)
		assert.Equal(t, "tcp", transport.Values["ip_tcp"])
		assert.Equal(t, "tcp", transport.Values["ip.tcp"])
		inproc, listed := transport.Values["inproc"]
		assert.True(t, listed)
		assert.Empty(t, inproc)
		family := want(t, a, "net.sock.family", asServer, gateway.OpMap, "network.type")
		assert.Equal(t, "ipv6", family.Values["inet6"])
		assert.Equal(t, attrs.NetworkTransport+"=unix", family.Values["unix"])
		operation := want(t, a, "messaging.operation", gateway.KindConsumer, gateway.OpMap, messagingOperationType)
		assert.Equal(t, "process", operation.Values["deliver"])
	})
	t.Run("protocol versions other than HTTP's pass", func(t *testing.T) {
		t.Parallel()
		version := want(t, a, "net.protocol.version", asClient, gateway.OpMap, attrs.NetworkProtocolVersion)
		assert.Equal(t, "2", version.Values["2.0"])
		for _, amqp := range []string{"0.9.1", "1.0", "5.0", "3.1.1"} {
			assert.NotContains(t, version.Values, amqp)
		}
	})
	t.Run("type changes hidden in renames", func(t *testing.T) {
		t.Parallel()
		want(t, a, "messaging.kafka.destination.partition", gateway.KindConsumer, gateway.OpString, messagingDestinationPartitionID)
		want(t, a, "messaging.kafka.partition", gateway.KindConsumer, gateway.OpString, messagingDestinationPartitionID)
		want(t, a, "db.redis.database_index", asClient, gateway.OpString, attrs.DBNamespace)
		want(t, a, "db.cosmosdb.status_code", asClient, gateway.OpString, "db.response.status_code")
		want(t, a, "rpc.grpc.status_code", asClient, gateway.OpGRPCCode, attrs.RPCStatusCode)
		want(t, a, "rpc.jsonrpc.error_code", asClient, gateway.OpString, attrs.RPCStatusCode)
		want(t, a, "enduser.role", asServer, gateway.OpSplit, "user.roles")
		want(t, Profile.Resource, "container.image.tag", asServer, gateway.OpStrings, "container.image.tags")
	})
	t.Run("feature_flag.evaluation.error.message does not end at error.message", func(t *testing.T) {
		t.Parallel()
		want(t, Profile.Events, "feature_flag.evaluation.error.message", asServer, gateway.OpRename, "feature_flag.error.message")
		want(t, a, "error.message", asServer, gateway.OpKeep)
	})
	t.Run("cpu names are not renamed back", func(t *testing.T) {
		t.Parallel()
		want(t, Profile.Resource, "system.cpu.state", asServer, gateway.OpRename, cpuMode)
		want(t, Profile.Resource, "system.cpu.logical_number", asServer, gateway.OpRename, "cpu.logical_number")
		none(t, cpuMode)
		none(t, "cpu.logical_number")
	})
	t.Run("io.state is a typing error for ios.state", func(t *testing.T) {
		t.Parallel()
		none(t, "io.state")
		ios := lookup(a, "ios.state", gateway.KindUnspecified, gateway.OnLogs, false)
		require.NotNil(t, ios)
		assert.Equal(t, []string{"ios.app.state"}, ios.To)
	})
	t.Run("cloud.infrastructure_service gets the current values too", func(t *testing.T) {
		t.Parallel()
		old := want(t, Profile.Resource, "cloud.infrastructure_service", asServer, gateway.OpMap, cloudPlatform)
		assert.Equal(t, "azure.aks", old.Values["azure_aks"])
		assert.NotContains(t, old.Values, "aws_eks")
	})
	t.Run("rpc.method kept its name and changed its meaning", func(t *testing.T) {
		t.Parallel()
		want(t, a, "rpc.service", asServer, gateway.OpRPCService, attrs.RPCMethod)
		want(t, a, "rpc.method", asServer, gateway.OpRPCMethod, attrs.RPCMethod)
	})
	t.Run("trailers are no headers", func(t *testing.T) {
		t.Parallel()
		for _, prefix := range []string{grpcResponseMetadata, connectResponseMetadata, responseMetadata} {
			want(t, a, prefix+"grpc-status", asClient, gateway.OpStrings, attrs.RPCResponseTrailer+"grpc-status")
			want(t, a, prefix+"x-trace", asClient, gateway.OpTemplateStrings, rpcResponseHeader+rest)
		}
	})
	t.Run("rocketmq.client_group has a successor on the consumer's side only", func(t *testing.T) {
		t.Parallel()
		want(t, a, "messaging.rocketmq.client_group", gateway.KindConsumer, gateway.OpRename, messagingConsumerGroupName)
		assert.Nil(t, lookup(a, "messaging.rocketmq.client_group", gateway.KindProducer, gateway.OnSpans, false))
	})
	t.Run("what may hold credentials goes", func(t *testing.T) {
		t.Parallel()
		want(t, a, "messaging.url", asClient, gateway.OpDrop)
		want(t, a, "db.connection_string", asClient, gateway.OpConnString, attrs.ServerAddress, attrs.ServerPort)
	})
	t.Run("current names below an old prefix stay", func(t *testing.T) {
		t.Parallel()
		for _, current := range []string{attrs.GenAIPromptName, "gen_ai.prompt.version", "gen_ai.prompt.variable.city"} {
			want(t, a, current, asClient, gateway.OpKeep)
		}
		want(t, a, "gen_ai.prompt.0.content", asClient, gateway.OpContent, attrs.GenAIInputMessages)
	})
	t.Run("an unknown emitter's general words stay", func(t *testing.T) {
		t.Parallel()
		for _, key := range []string{
			"message", "stack", "duration", "user_agent", "protocol", "state", "zone", "http.status", "http.path",
			"upstream_cluster", "trace.id", "user.id", "server.address", "network.type",
		} {
			none(t, key)
		}
	})
	t.Run("sampling.priority and component stay", func(t *testing.T) {
		t.Parallel()
		want(t, a, "sampling.priority", asServer, gateway.OpKeep)
		want(t, a, "component", asServer, gateway.OpKeep)
	})
	t.Run("genai_next goes one hop further", func(t *testing.T) {
		t.Parallel()
		for _, from := range []string{genAIUsageCacheCreation, usageCacheCreationOld, openInferenceCacheWrite} {
			r := lookup(a, from, asClient, gateway.OnSpans, true)
			require.NotNil(t, r, from)
			assert.Equal(t, []string{genAIUsageCacheWrite}, r.To, from)
		}
		assert.Nil(t, lookup(a, genAIUsageCacheCreation, asClient, gateway.OnSpans, false))
	})
}
