package identity

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/cluster"
)

// What a sender makes long is decided every time and not remembered.
func TestLongAnswersAreNotRemembered(t *testing.T) {
	t.Parallel()
	r := NewResolver(cluster.NewView(time.Minute), Options{CacheSize: 100})
	for i := range 10 {
		res := pcommon.NewResource()
		res.Attributes().PutStr("cluster_name", strings.Repeat("x", 1<<20)+strconv.Itoa(i))
		res.Attributes().PutStr("log_name", "l")
		r.Resource(res, Hints{})
	}
	for _, id := range r.identities.young {
		assert.LessOrEqual(t, id.size(), maxRemembered)
	}
}

// A route id as long as a sender likes costs no more than reading it.
func TestLongRouteIDIsNotCut(t *testing.T) {
	t.Parallel()
	began := time.Now()
	_, ok := kgatewayRoute(cluster.NewView(time.Minute), strings.Repeat("-route-0-httproute-a", 1<<16))
	assert.False(t, ok)
	assert.Less(t, time.Since(began), time.Second)
}
