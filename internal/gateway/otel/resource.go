package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Resource are resource attributes. The names from process.context_switch_type on are dimensions of metrics that the
// official table renames everywhere; spans and log records never had them.
var Resource = []gateway.Rule{
	// string became string[].
	{From: "container.image.tag", To: []string{"container.image.tags"}, Op: gateway.OpStrings, Official: true, Since: "1.22.0"},
	{
		From: "container.labels.<key>", To: []string{"container.label.<key>"}, Op: gateway.OpTemplate, Official: true,
		Since: "1.25.0",
	},
	{From: "container.runtime", To: []string{"container.runtime.name"}, Official: true, Since: "1.37.0"},
	{From: "k8s.pod.labels.<key>", To: []string{"k8s.pod.label.<key>"}, Op: gateway.OpTemplate, Official: true, Since: "1.25.0"},
	{
		From: "k8s.pod.annotations.<key>", To: []string{"k8s.pod.annotation.<key>"}, Op: gateway.OpTemplate, Official: true,
		Since: "1.25.0",
	},
	{From: "k8s.node.labels.<key>", To: []string{"k8s.node.label.<key>"}, Op: gateway.OpTemplate, Official: true, Since: "1.25.0"},
	{
		From: "k8s.node.annotations.<key>", To: []string{"k8s.node.annotation.<key>"}, Op: gateway.OpTemplate, Official: true,
		Since: "1.25.0",
	},
	{
		From: "k8s.namespace.labels.<key>", To: []string{"k8s.namespace.label.<key>"}, Op: gateway.OpTemplate, Official: true,
		Since: "1.25.0",
	},
	{
		From: "k8s.namespace.annotations.<key>", To: []string{"k8s.namespace.annotation.<key>"}, Op: gateway.OpTemplate,
		Official: true, Since: "1.25.0",
	},

	{From: "telemetry.auto.version", To: []string{"telemetry.distro.version"}, Official: true, Since: "1.22.0"},
	{From: "browser.user_agent", To: []string{attrs.UserAgentOriginal}, Official: true, Since: "1.19.0"},
	{
		From: "cloud.zone", To: []string{"cloud.availability_zone"},
		Source: "OpenTelemetry specification before 1.0, resource conventions",
	},
	// Ends at a name whose Azure values changed later.
	{
		From: "cloud.infrastructure_service", To: []string{cloudPlatform}, Op: gateway.OpMap, Values: cloudPlatforms,
		Official: true, Since: "1.1.0",
	},
	// AWS and GCP values keep the underscore.
	{From: cloudPlatform, To: []string{cloudPlatform}, Op: gateway.OpMap, Values: cloudPlatforms, Official: true, Since: "1.35.0"},
	{From: osType, To: []string{osType}, Op: gateway.OpMap, Values: osTypes, Official: true, Since: "1.35.0"},
	{
		From: "host.hostname", To: []string{"host.name"},
		Source: "OpenTelemetry specification before 1.0, resource conventions; Elastic Common Schema",
	},
	{From: "zos.smf.id", Op: gateway.OpKeep, Official: true, Since: "1.45.0"},
	{From: "zos.sysplex.name", Op: gateway.OpKeep, Official: true, Since: "1.45.0"},

	{
		From: "process.executable.build_id.profiling", To: []string{"process.executable.build_id.htlhash"}, Official: true,
		Since: "1.29.0",
	},
	{From: "process.context_switch_type", To: []string{"process.context_switch.type"}, Official: true, Since: "1.38.0"},
	{From: "process.paging.fault_type", To: []string{systemPagingFaultType}, Official: true, Since: "1.38.0"},
	{From: "process.cpu.state", To: []string{cpuMode}, Official: true, Since: "1.27.0"},
	{From: "container.cpu.state", To: []string{cpuMode}, Official: true, Since: "1.27.0"},
	{From: "system.cpu.state", To: []string{cpuMode}, Official: true, Since: "1.27.0"},
	{From: "system.cpu.logical_number", To: []string{"cpu.logical_number"}, Official: true, Since: "1.31.0"},
	{From: "system.network.state", To: []string{"network.connection.state"}, Official: true, Since: "1.30.0"},
	{From: "system.paging.type", To: []string{systemPagingFaultType}, Official: true, Since: "1.38.0"},
	{From: "system.process.status", To: []string{processState}, Official: true, Since: "1.38.0"},
	{From: "system.processes.status", To: []string{processState}, Official: true, Since: "1.38.0"},
	{From: "system.device", To: []string{"system.device.name"}, Official: true, Since: "1.45.0"},
	{From: "linux.memory.slab.state", To: []string{"system.memory.linux.slab.state"}, Official: true, Since: "1.39.0"},
}

// Everywhere are attributes that emitters put on resources, spans and log records alike.
var Everywhere = []gateway.Rule{
	{From: "faas.id", To: []string{"cloud.resource_id"}, Official: true, Since: "1.19.0"},
	{From: "deployment.environment", To: []string{"deployment.environment.name"}, Official: true, Since: "1.27.0"},
	{From: "az.namespace", To: []string{"azure.resource_provider.namespace"}, Official: true, Since: "1.35.0"},
	{From: "vcs.repository.change.id", To: []string{"vcs.change.id"}, Official: true, Since: "1.29.0"},
	{From: "vcs.repository.change.title", To: []string{"vcs.change.title"}, Official: true, Since: "1.29.0"},
	{From: "vcs.repository.ref.name", To: []string{"vcs.ref.head.name"}, Official: true, Since: "1.29.0"},
	{From: "vcs.repository.ref.revision", To: []string{"vcs.ref.head.revision"}, Official: true, Since: "1.29.0"},
	{From: "vcs.repository.ref.type", To: []string{"vcs.ref.head.type"}, Official: true, Since: "1.29.0"},
}
