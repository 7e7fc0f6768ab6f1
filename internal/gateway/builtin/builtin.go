// Package builtin is the list of gateways Gatehouse knows. It is the only package that imports every
// gateway's folder: adding a gateway is one folder and one line here.
package builtin

import (
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/agentgateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/apisix"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/caddy"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/envoy"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/envoyaigateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/envoygateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/istio"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/kgateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/kong"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/krakend"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/nginx"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/otel"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/traefik"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/tyk"
)

// Profiles returns every built-in profile. The slice is the caller's; what it holds is shared and must not be
// changed.
func Profiles() []gateway.Profile {
	return []gateway.Profile{
		otel.Profile,
		envoy.Profile,
		kgateway.Profile,
		envoygateway.Profile,
		envoyaigateway.Profile,
		istio.Profile,
		kong.Profile,
		agentgateway.Profile,
		traefik.Profile,
		caddy.Profile,
		nginx.Profile,
		apisix.Profile,
		krakend.Profile,
		tyk.Profile,
	}
}
