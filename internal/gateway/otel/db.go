package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// DB are the database attributes of before 1.33.0, the first stable database conventions.
var DB = []gateway.Rule{
	{From: "db.system", To: []string{attrs.DBSystemName}, Op: gateway.OpMap, Values: dbSystems, Official: true, Since: "1.30.0"},
	// SQL Server: "instance|name".
	{From: "db.name", To: []string{attrs.DBNamespace}, Op: gateway.OpDBName, Official: true, Since: "1.25.0"},
	{From: "db.cassandra.keyspace", To: []string{attrs.DBNamespace}, Signals: gateway.OnSpans, Official: true, Since: "1.8.0"},
	{From: "db.hbase.namespace", To: []string{attrs.DBNamespace}, Signals: gateway.OnSpans, Official: true, Since: "1.8.0"},
	{
		From: "db.elasticsearch.cluster.name", To: []string{attrs.DBNamespace}, Signals: gateway.OnSpans, Official: true,
		Since: "1.27.0",
	},
	// int became string.
	{
		From: "db.redis.database_index", To: []string{attrs.DBNamespace}, Op: gateway.OpString, Signals: gateway.OnSpans,
		Official: true, Since: "1.26.0",
	},
	{
		From: "db.mssql.instance_name", To: []string{attrs.DBNamespace}, Op: gateway.OpDBInstance, Signals: gateway.OnSpans,
		Official: true, Since: "1.26.0",
	},
	// Elasticsearch only; for all other systems it has no successor and stays.
	{
		From: "db.instance.id", To: []string{elasticsearchNodeName}, Op: gateway.OpDBInstanceID, Signals: gateway.OnSpans,
		Official: true, Since: "1.26.0",
	},
	// Contents stay as they are: nothing is unmasked.
	{From: "db.statement", To: []string{"db.query.text"}, Official: true, Since: "1.25.0"},
	{From: "db.operation", To: []string{"db.operation.name"}, Official: true, Since: "1.25.0"},
	{From: "db.sql.table", To: []string{dbCollectionName}, Signals: gateway.OnSpans, Official: true, Since: "1.25.0"},
	{From: "db.mongodb.collection", To: []string{dbCollectionName}, Signals: gateway.OnSpans, Official: true, Since: "1.25.0"},
	{From: "db.cosmosdb.container", To: []string{dbCollectionName}, Signals: gateway.OnSpans, Official: true, Since: "1.25.0"},
	{From: "db.cassandra.table", To: []string{dbCollectionName}, Signals: gateway.OnSpans, Official: true, Since: "1.25.0"},
	// May hold a password: nothing but host and port survives.
	{
		From: "db.connection_string", To: []string{attrs.ServerAddress, attrs.ServerPort}, Op: gateway.OpConnString,
		Signals: gateway.OnSpans, Official: true, Since: "1.25.0",
	},
	{From: "db.user", Op: gateway.OpDrop, Signals: gateway.OnSpans, Official: true, Since: "1.26.0"},
	{From: "db.jdbc.driver_classname", Op: gateway.OpDrop, Signals: gateway.OnSpans, Official: true, Since: "1.25.0"},

	{
		From: "db.cassandra.coordinator.dc", To: []string{"cassandra.coordinator.dc"}, Signals: gateway.OnSpans,
		Official: true, Since: "1.30.0",
	},
	{
		From: "db.cassandra.coordinator.id", To: []string{"cassandra.coordinator.id"}, Signals: gateway.OnSpans,
		Official: true, Since: "1.30.0",
	},
	{
		From: "db.cassandra.consistency_level", To: []string{"cassandra.consistency.level"}, Signals: gateway.OnSpans,
		Official: true, Since: "1.30.0",
	},
	{
		From: "db.cassandra.idempotence", To: []string{"cassandra.query.idempotent"}, Signals: gateway.OnSpans, Official: true,
		Since: "1.30.0",
	},
	{
		From: "db.cassandra.page_size", To: []string{"cassandra.page.size"}, Signals: gateway.OnSpans, Official: true,
		Since: "1.30.0",
	},
	{
		From: "db.cassandra.speculative_execution_count", To: []string{"cassandra.speculative_execution.count"},
		Signals: gateway.OnSpans, Official: true, Since: "1.30.0",
	},

	{From: "db.cosmosdb.client_id", To: []string{"azure.client.id"}, Signals: gateway.OnSpans, Official: true, Since: "1.30.0"},
	{
		From: "db.cosmosdb.connection_mode", To: []string{"azure.cosmosdb.connection.mode"}, Signals: gateway.OnSpans,
		Official: true, Since: "1.30.0",
	},
	{
		From: "db.cosmosdb.consistency_level", To: []string{"azure.cosmosdb.consistency.level"}, Signals: gateway.OnSpans,
		Official: true, Since: "1.30.0",
	},
	{
		From: "db.cosmosdb.request_charge", To: []string{"azure.cosmosdb.operation.request_charge"}, Signals: gateway.OnSpans,
		Official: true, Since: "1.30.0",
	},
	{
		From: "db.cosmosdb.request_content_length", To: []string{"azure.cosmosdb.request.body.size"}, Signals: gateway.OnSpans,
		Official: true, Since: "1.30.0",
	},
	{
		From: "db.cosmosdb.regions_contacted", To: []string{"azure.cosmosdb.operation.contacted_regions"},
		Signals: gateway.OnSpans, Official: true, Since: "1.30.0",
	},
	{
		From: "db.cosmosdb.sub_status_code", To: []string{"azure.cosmosdb.response.sub_status_code"}, Signals: gateway.OnSpans,
		Official: true, Since: "1.30.0",
	},
	// int became string.
	{
		From: "db.cosmosdb.status_code", To: []string{"db.response.status_code"}, Op: gateway.OpString,
		Signals: gateway.OnSpans, Official: true, Since: "1.30.0",
	},
	{From: "db.cosmosdb.operation_type", Op: gateway.OpDrop, Signals: gateway.OnSpans, Official: true, Since: "1.30.0"},

	{
		From: "db.elasticsearch.node.name", To: []string{elasticsearchNodeName}, Signals: gateway.OnSpans, Official: true,
		Since: "1.30.0",
	},
	{
		From: "db.elasticsearch.path_parts.<key>", To: []string{"db.operation.parameter.<key>"}, Op: gateway.OpTemplate,
		Signals: gateway.OnSpans, Official: true, Since: "1.30.0",
	},
}
