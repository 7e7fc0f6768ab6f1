package gatewayidentityprocessor

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/gatehouse-otel/gatehouse/internal/identity"
	"github.com/gatehouse-otel/gatehouse/internal/kube"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	section, err := conf.Sub(name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, section.Unmarshal(cfg))
	return cfg, confmap.Validate(cfg)
}

func TestDefaultConfig(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "gateway_identity")
	require.NoError(t, err)
	assert.Equal(t, createDefaultConfig(), cfg)
	assert.Equal(t, kube.AuthServiceAccount, cfg.AuthType)
	assert.Equal(t, identity.InstancePodUID, cfg.InstanceID)
	assert.Equal(t, 10*time.Second, cfg.WaitForMetadata)
}

func TestEveryOption(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "gateway_identity/all")
	require.NoError(t, err)
	assert.Equal(t, &Config{
		AuthType: kube.AuthKubeConfig, Context: "kind-edge", WaitForMetadata: 0, InstanceID: identity.InstanceK8SName, Connection: false,
		DefaultNames: []string{"kong"}, Routes: true, Upstream: false, DeletedPods: time.Minute, CacheSize: 500,
		Extract: ExtractConfig{
			Labels: []FieldConfig{{Key: "team"}, {Key: "team", From: FromRoute, Attribute: "route.team"}}, Annotations: []FieldConfig{{Key: "example.com/owner", From: FromRoute}},
		},
	}, cfg)
	assert.Equal(t, identity.Extracts{Labels: []identity.Extract{{Key: "team", Attribute: "gateway.label.team"}}}, cfg.Extract.extracts(FromGateway))
	assert.Equal(t, identity.Extracts{
		Labels:      []identity.Extract{{Key: "team", Attribute: "route.team"}},
		Annotations: []identity.Extract{{Key: "example.com/owner", Attribute: "gateway.route.annotation.example.com/owner"}},
	}, cfg.Extract.extracts(FromRoute))
}

// TestEveryMistakeIsNamed: all problems at once, each with its field, its value and the way out.
func TestEveryMistakeIsNamed(t *testing.T) {
	t.Parallel()
	_, err := load(t, "gateway_identity/wrong")
	require.Error(t, err)
	for _, want := range []string{
		`auth_type: "token" is not possible, want one of none, serviceAccount, kubeConfig`,
		`context: "kind" needs auth_type kubeConfig`,
		`instance_id: "pod" is not possible, want one of pod_uid, gateway_uid, k8s_name`,
		`wait_for_metadata: 1h0m0s is not possible, want 0s, which does not wait, to 5m0s`,
		`deleted_pods: -1s is negative`,
		`cache_size: 0 is not possible, want 1 to 1000000`,
		`default_names: "" is not a name`,
		`extract::labels::0::key: "" is not the key of a label or annotation, want its whole key, such as team or example.com/team: name part must be non-empty`,
		`extract::labels::1::from: "pod" is not possible, want one of gateway, route`,
		`extract::labels::2::key: "Team of the shop" is not the key`,
		`extract::labels::4::attribute: "gateway.label.owner" is what extract::labels::3 becomes already: use another name`,
		`extract::annotations::0::attribute: "service.name" is what this processor decides: use another name, or the annotation resource.opentelemetry.io/service.name`,
		`extract::annotations::1::attribute: "gateway.class.name" is what this processor decides: use another name`,
		`extract::annotations::2::from: "route" needs routes: true: set that, or remove the entry`,
		`extract::annotations::3::attribute: "gateway.label.owner" is what extract::labels::4 becomes already`,
	} {
		require.ErrorContains(t, err, want)
	}
	assert.Len(t, strings.Split(err.Error(), "\n"), 15, "%v", err)
}

// One name may be had by a Gateway and by a route: the one is on the resource, the other on the item.
func TestGatewayAndRouteMayHaveOneName(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	cfg.Extract.Labels = []FieldConfig{{Key: "team", Attribute: "team"}, {Key: "team", From: FromRoute, Attribute: "team"}}
	require.NoError(t, cfg.Validate())
	cfg.WaitForMetadata = -time.Second
	require.ErrorContains(t, cfg.Validate(), "wait_for_metadata: -1s is not possible")
}
