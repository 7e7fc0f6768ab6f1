package otel

import (
	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Code are the attributes of a place in the source code, stable since 1.33.0.
var Code = []gateway.Rule{
	{From: "code.filepath", To: []string{"code.file.path"}, Official: true, Since: "1.30.0"},
	{From: "code.lineno", To: []string{"code.line.number"}, Op: gateway.OpInt, Official: true, Since: "1.30.0"},
	{From: "code.column", To: []string{"code.column.number"}, Op: gateway.OpInt, Official: true, Since: "1.30.0"},
	// The schema file renames code.function alone; the new name is fully qualified.
	{From: "code.function", To: []string{attrs.CodeFunctionName}, Op: gateway.OpCodeFunction, Official: true, Since: "1.30.0"},
	{From: "code.namespace", To: []string{attrs.CodeFunctionName}, Op: gateway.OpCodeNamespace, Official: true, Since: "1.33.0"},
}

// Errors are attributes of errors and events; what span events carry of them is in [Events].
var Errors = []gateway.Rule{
	{From: "error.message", Op: gateway.OpKeep, Official: true, Since: "1.40.0"},
	{From: "error.msg", Op: gateway.OpStatusMessage, Signals: gateway.OnSpans, Source: srcDatadog},

	// Attributes for paths that have no EventName field.
	{From: "event.name", Op: gateway.OpEventName, Signals: gateway.OnLogs, Official: true, Since: "1.30.0"},
	{From: "otel.event.name", Op: gateway.OpEventName, Signals: gateway.OnLogs, Official: true, Since: "1.39.0"},
	{From: "event.domain", Op: gateway.OpEventDomain, Signals: gateway.OnLogs, Official: true, Since: "1.24.0"},
}

// EndUser are attributes of the person behind a request: all of them personal data.
var EndUser = []gateway.Rule{
	// The schema file still has the rename to user.id that 1.31.0 took back; 1.45.0 moved both to the
	// client-side repository under these names.
	{From: "enduser.id", Op: gateway.OpKeep, Official: true, Since: "1.45.0"},
	{From: "enduser.pseudo.id", Op: gateway.OpKeep, Official: true, Since: "1.45.0"},
	{From: "enduser.role", To: []string{"user.roles"}, Op: gateway.OpSplit, Official: true, Since: "1.37.0"},
	{From: "enduser.scope", Op: gateway.OpDrop, Official: true, Since: "1.27.0"},

	{From: "jwt.sub", To: []string{userID}, Option: OptionPII, Source: srcAgentgateway},
}

// FaaS are attributes of function invocations; faas.id is in [Everywhere].
var FaaS = []gateway.Rule{
	// faas.invocation_id in 1.19.0 to 1.44.0.
	{From: "faas.execution", To: []string{faasInvocationID}, Official: true, Since: "1.19.0"},
	// Not in the generated packages of 1.45.0: the constant collides with its successor.
	{From: "faas.invocation_id", To: []string{faasInvocationID}, Official: true, Since: "1.45.0"},
	{From: "faas.time", To: []string{"faas.invocation.start_time"}, Official: true, Since: "1.45.0"},
}

// Clients are attributes of Azure SDKs and mobile apps.
var Clients = []gateway.Rule{
	{From: "az.service_request_id", To: []string{"azure.service.request.id"}, Official: true, Since: "1.35.0"},
	{From: "android.state", To: []string{"android.app.state"}, Signals: gateway.OnLogs, Official: true, Since: "1.31.0"},
	{From: "ios.state", To: []string{"ios.app.state"}, Signals: gateway.OnLogs, Official: true, Since: "1.31.0"},
}
