package main

// processors are the processors of both pipelines, in order.
var processors = []string{"gateway_semconv"}
