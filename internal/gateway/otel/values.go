package otel

// Values that changed with, or after, the name of their attribute. Keys are in lower case; what is not listed
// passes unchanged.

// protocolVersions are the spellings of HTTP versions; versions of other protocols are not touched.
var protocolVersions = map[string]string{
	"http/1.0": "1.0",
	"http/1.1": "1.1",
	"2.0":      "2",
	"http/2":   "2",
	"http/2.0": "2",
	"h2":       "2",
	"h2c":      "2",
	"3.0":      "3",
	"http/3":   "3",
	"http/3.0": "3",
	"h3":       "3",
}

// socketFamilies: a Unix socket is a transport, not a network layer.
var socketFamilies = map[string]string{
	"inet":  "ipv4",
	"inet6": "ipv6",
	"unix":  "network.transport=unix",
}

// transports covers the spellings of 1.0 ("IP.TCP") and of 1.4 ("ip_tcp"). In-process calls and unknown
// transports have no successor.
var transports = map[string]string{
	"ip_tcp": "tcp",
	"ip.tcp": "tcp",
	"ip_udp": "udp",
	"ip.udp": "udp",
	"pipe":   "pipe",
	"unix":   "unix",
	"inproc": "",
	"other":  "",
	"ip":     "",
}

// rpcSystems: java_rmi and dotnet_wcf are no longer well known but stay valid.
var rpcSystems = map[string]string{
	"grpc":         "grpc",
	"apache_dubbo": "dubbo",
	"connect_rpc":  "connectrpc",
	"java_rmi":     "java_rmi",
	"dotnet_wcf":   "dotnet_wcf",
	"jsonrpc":      "jsonrpc",
	"onc_rpc":      "onc_rpc",
}

// dbSystems has two entries of other origin: "sql" is OpenTracing's db.type, "postgres" is what Kong calls its
// own database.
var dbSystems = map[string]string{
	"adabas":             "softwareag.adabas",
	"intersystems_cache": "intersystems.cache",
	"cache":              "intersystems.cache",
	"cosmosdb":           "azure.cosmosdb",
	"db2":                "ibm.db2",
	"dynamodb":           "aws.dynamodb",
	"firebird":           "firebirdsql",
	"h2":                 "h2database",
	"hanadb":             "sap.hana",
	"informix":           "ibm.informix",
	"ingres":             "actian.ingres",
	"maxdb":              "sap.maxdb",
	"mssql":              "microsoft.sql_server",
	"netezza":            "ibm.netezza",
	"oracle":             "oracle.db",
	"redshift":           "aws.redshift",
	"spanner":            "gcp.spanner",
	"cloudscape":         "other_sql",
	"firstsql":           "other_sql",
	"mssqlcompact":       "other_sql",
	"coldfusion":         "coldfusion",
	"sql":                "other_sql",
	"postgres":           "postgresql",
}

var messagingSystems = map[string]string{
	"aws_sqs":    "aws.sqs",
	"eventgrid":  "azure.eventgrid",
	"eventhubs":  "azure.eventhubs",
	"servicebus": "azure.servicebus",
	"gcp_pubsub": "gcp.pubsub",
}

var messagingOperations = map[string]string{
	"publish": "send",
	"deliver": "process",
}

// cloudPlatforms are those of Azure; AWS and GCP keep the underscore.
var cloudPlatforms = map[string]string{
	"azure_vm":                  "azure.vm",
	"azure_container_apps":      "azure.container_apps",
	"azure_container_instances": "azure.container_instances",
	"azure_aks":                 "azure.aks",
	"azure_functions":           "azure.functions",
	"azure_app_service":         "azure.app_service",
	"azure_openshift":           "azure.openshift",
}

var osTypes = map[string]string{"z_os": "zos"}

// genAIProviders: the first five are changes of the conventions, the next group are spellings of gateways and
// instrumentations, and the rest are current names, listed because some write them with capitals ("OpenAI").
var genAIProviders = map[string]string{
	"gemini":          "gcp.gemini",
	"vertex_ai":       "gcp.vertex_ai",
	"az.ai.inference": "azure.ai.inference",
	"az.ai.openai":    "azure.ai.openai",
	"xai":             "x_ai",

	"vertex":    "gcp.vertex_ai",
	"vertexai":  "gcp.vertex_ai",
	"google":    "gcp.gen_ai",
	"bedrock":   "aws.bedrock",
	"aws":       "aws.bedrock",
	"amazon":    "aws.bedrock",
	"azure":     "azure.ai.openai",
	"mistralai": "mistral_ai",
	"mistral":   "mistral_ai",
	"watsonx":   "ibm.watsonx.ai",
	"moonshot":  "moonshot_ai",

	"anthropic":          "anthropic",
	"aws.bedrock":        "aws.bedrock",
	"azure.ai.inference": "azure.ai.inference",
	"azure.ai.openai":    "azure.ai.openai",
	"cohere":             "cohere",
	"deepseek":           "deepseek",
	"gcp.gemini":         "gcp.gemini",
	"gcp.gen_ai":         "gcp.gen_ai",
	"gcp.vertex_ai":      "gcp.vertex_ai",
	"groq":               "groq",
	"ibm.watsonx.ai":     "ibm.watsonx.ai",
	"mistral_ai":         "mistral_ai",
	"moonshot_ai":        "moonshot_ai",
	"openai":             "openai",
	"perplexity":         "perplexity",
	"x_ai":               "x_ai",
}

var outputTypes = map[string]string{
	"json_object": "json",
	"json_schema": "json",
	"text":        "text",
}

// requestTypes are OpenLLMetry's; rerank is a custom operation name, "unknown" is none.
var requestTypes = map[string]string{
	"chat":       "chat",
	"completion": "text_completion",
	"embedding":  "embeddings",
	"rerank":     "rerank",
	"unknown":    "",
}

// openInferenceKinds: an LLM span may also be a text_completion, which the kind does not tell. Those without a
// successor name no operation of the conventions.
var openInferenceKinds = map[string]string{
	"llm":       "chat",
	"embedding": "embeddings",
	"agent":     "invoke_agent",
	"tool":      "execute_tool",
	"retriever": "retrieval",
	"chain":     "invoke_workflow",
	"reranker":  "",
	"guardrail": "",
	"evaluator": "",
	"prompt":    "",
	"unknown":   "",
}

// traceloopKinds: a task is any function, no operation of the conventions.
var traceloopKinds = map[string]string{
	"workflow": "invoke_workflow",
	"agent":    "invoke_agent",
	"tool":     "execute_tool",
	"task":     "",
	"unknown":  "",
}
