package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Messaging are the messaging attributes; their conventions are in development and were renamed several times.
var Messaging = []gateway.Rule{
	{
		From: "messaging.system", To: []string{"messaging.system.name"}, Op: gateway.OpMap, Values: messagingSystems,
		Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.operation", To: []string{messagingOperationType}, Op: gateway.OpMap, Values: messagingOperations,
		Official: true, Since: "1.25.0",
	},
	// The name is current, two of its values are not.
	{
		From: messagingOperationType, To: []string{messagingOperationType}, Op: gateway.OpMap, Values: messagingOperations,
		Official: true, Since: "1.27.0",
	},

	{From: "messaging.destination", To: []string{messagingDestinationName}, Kinds: notServer, Official: true, Since: "1.17.0"},
	{
		From: "messaging.temp_destination", To: []string{"messaging.destination.temporary"}, Kinds: notServer, Official: true,
		Since: "1.17.0",
	},
	{From: "messaging.message_id", To: []string{"messaging.message.id"}, Kinds: notServer, Official: true, Since: "1.17.0"},
	{
		From: "messaging.conversation_id", To: []string{"messaging.message.conversation_id"}, Kinds: notServer, Official: true,
		Since: "1.17.0",
	},
	// Was written AMQP, MQTT; network.protocol.name is lower case.
	{
		From: "messaging.protocol", To: []string{attrs.NetworkProtocolName}, Op: gateway.OpLower, Kinds: notServer,
		Official: true, Since: "1.17.0",
	},
	{
		From: "messaging.protocol_version", To: []string{attrs.NetworkProtocolVersion}, Op: gateway.OpMap, Kinds: notServer,
		Values: protocolVersions, Official: true, Since: "1.17.0",
	},
	{
		From: "messaging.message_payload_size_bytes", To: []string{messagingMessageBodySize}, Op: gateway.OpInt,
		Kinds: notServer, Official: true, Since: "1.17.0",
	},
	{
		From: "messaging.message.payload_size_bytes", To: []string{messagingMessageBodySize}, Op: gateway.OpInt,
		Kinds: notServer, Official: true, Since: "1.22.0",
	},

	{
		From: "messaging.kafka.consumer_group", To: []string{messagingConsumerGroupName}, Kinds: notServer, Official: true,
		Since: "1.17.0",
	},
	{
		From: "messaging.kafka.consumer.group", To: []string{messagingConsumerGroupName}, Kinds: notServer, Official: true,
		Since: "1.27.0",
	},
	{
		From: "messaging.eventhubs.consumer.group", To: []string{messagingConsumerGroupName}, Kinds: notServer, Official: true,
		Since: "1.27.0",
	},
	{
		From: "messaging.servicebus.destination.subscription_name", To: []string{"messaging.destination.subscription.name"},
		Kinds: notServer, Official: true, Since: "1.27.0",
	},
	{From: "messaging.client_id", To: []string{messagingClientID}, Kinds: notServer, Official: true, Since: "1.26.0"},
	{From: "messaging.kafka.client_id", To: []string{messagingClientID}, Kinds: notServer, Official: true, Since: "1.21.0"},
	{From: "messaging.rocketmq.client_id", To: []string{messagingClientID}, Kinds: notServer, Official: true, Since: "1.21.0"},

	{From: "messaging.kafka.message_key", To: []string{kafkaMessageKey}, Kinds: notServer, Official: true, Since: "1.17.0"},
	{From: "messaging.kafka.message.key", To: []string{kafkaMessageKey}, Kinds: notServer, Official: true, Since: "1.45.0"},
	{From: "messaging.kafka.tombstone", To: []string{kafkaMessageTombstone}, Kinds: notServer, Official: true, Since: "1.17.0"},
	{
		From: "messaging.kafka.message.tombstone", To: []string{kafkaMessageTombstone}, Kinds: notServer, Official: true,
		Since: "1.45.0",
	},
	{From: "messaging.kafka.message.offset", To: []string{kafkaOffset}, Kinds: notServer, Official: true, Since: "1.27.0"},
	{From: "messaging.kafka.offset", To: []string{kafkaOffset}, Kinds: notServer, Official: true, Since: "1.45.0"},
	{From: "messaging.kafka.cluster.id", To: []string{"kafka.cluster.id"}, Kinds: notServer, Official: true, Since: "1.45.0"},
	{From: "messaging.rabbitmq.routing_key", To: []string{rabbitmqRoutingKey}, Kinds: notServer, Official: true, Since: "1.17.0"},
	{
		From: "messaging.rabbitmq.destination.routing_key", To: []string{rabbitmqRoutingKey}, Kinds: notServer, Official: true,
		Since: "1.45.0",
	},
	{
		From: "messaging.rabbitmq.message.delivery_tag", To: []string{"rabbitmq.message.delivery_tag"}, Kinds: notServer,
		Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.rocketmq.message_type", To: []string{rocketmqMessageType}, Kinds: notServer, Official: true,
		Since: "1.17.0",
	},
	{From: "messaging.rocketmq.message_tag", To: []string{rocketmqMessageTag}, Kinds: notServer, Official: true, Since: "1.17.0"},
	{
		From: "messaging.rocketmq.message_keys", To: []string{rocketmqMessageKeys}, Kinds: notServer, Official: true,
		Since: "1.17.0",
	},
	{
		From: "messaging.rocketmq.consumption_model", To: []string{"rocketmq.consumption_model"}, Kinds: notServer,
		Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.rocketmq.message.delay_time_level", To: []string{"rocketmq.message.delay_time_level"},
		Kinds: notServer, Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.rocketmq.message.delivery_timestamp", To: []string{"rocketmq.message.delivery_timestamp"},
		Kinds: notServer, Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.rocketmq.message.group", To: []string{"rocketmq.message.group"}, Kinds: notServer, Official: true,
		Since: "1.45.0",
	},
	{
		From: "messaging.rocketmq.message.keys", To: []string{rocketmqMessageKeys}, Kinds: notServer, Official: true,
		Since: "1.45.0",
	},
	{From: "messaging.rocketmq.message.tag", To: []string{rocketmqMessageTag}, Kinds: notServer, Official: true, Since: "1.45.0"},
	{
		From: "messaging.rocketmq.message.type", To: []string{rocketmqMessageType}, Kinds: notServer, Official: true,
		Since: "1.45.0",
	},
	{From: "messaging.rocketmq.namespace", To: []string{"rocketmq.namespace"}, Kinds: notServer, Official: true, Since: "1.45.0"},
	{
		From: "messaging.eventhubs.message.enqueued_time", To: []string{"azure.eventhubs.message.enqueued_time"},
		Kinds: notServer, Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.servicebus.disposition_status", To: []string{"azure.servicebus.disposition_status"}, Kinds: notServer,
		Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.servicebus.message.delivery_count", To: []string{"azure.servicebus.message.delivery_count"},
		Kinds: notServer, Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.servicebus.message.enqueued_time", To: []string{"azure.servicebus.message.enqueued_time"},
		Kinds: notServer, Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.gcp_pubsub.message.ack_deadline", To: []string{"gcp.pubsub.message.ack_deadline"}, Kinds: notServer,
		Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.gcp_pubsub.message.ack_id", To: []string{"gcp.pubsub.message.ack_id"}, Kinds: notServer,
		Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.gcp_pubsub.message.delivery_attempt", To: []string{"gcp.pubsub.message.delivery_attempt"},
		Kinds: notServer, Official: true, Since: "1.45.0",
	},
	{
		From: "messaging.gcp_pubsub.message.ordering_key", To: []string{"gcp.pubsub.message.ordering_key"}, Kinds: notServer,
		Official: true, Since: "1.45.0",
	},

	// On producer spans it has no successor.
	{
		From: "messaging.rocketmq.client_group", To: []string{messagingConsumerGroupName}, Kinds: gateway.KindConsumer,
		Official: true, Since: "1.27.0",
	},
	// int became string.
	{
		From: "messaging.kafka.partition", To: []string{messagingDestinationPartitionID}, Op: gateway.OpString, Official: true,
		Since: "1.25.0",
	},
	{
		From: "messaging.kafka.destination.partition", To: []string{messagingDestinationPartitionID}, Op: gateway.OpString,
		Official: true, Since: "1.25.0",
	},

	{From: "messaging.destination_kind", Op: gateway.OpDrop, Official: true, Since: "1.20.0"},
	{From: "messaging.destination.kind", Op: gateway.OpDrop, Official: true, Since: "1.20.0"},
	{From: "messaging.source.kind", Op: gateway.OpDrop, Official: true, Since: "1.20.0"},
	// May hold credentials.
	{From: "messaging.url", Op: gateway.OpDrop, Official: true, Since: "1.21.0"},
	{From: "messaging.consumer_id", Op: gateway.OpDrop, Official: true, Since: "1.21.0"},
	{From: "messaging.consumer.id", Op: gateway.OpDrop, Official: true, Since: "1.21.0"},
	{From: "messaging.message_payload_compressed_size_bytes", Op: gateway.OpDrop, Official: true, Since: "1.21.0"},
	{From: "messaging.message.payload_compressed_size_bytes", Op: gateway.OpDrop, Official: true, Since: "1.21.0"},
	{From: "messaging.destination_publish.anonymous", Op: gateway.OpDrop, Official: true, Since: "1.27.0"},
	{From: "messaging.destination_publish.name", Op: gateway.OpDrop, Official: true, Since: "1.27.0"},
}
