package konglogreceiver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/engineconfig"
)

// TestDropConsumer: with consumer: drop no record tells who called, wherever and however Kong wrote it.
func TestDropConsumer(t *testing.T) {
	const message = `{"ai":{"proxy":{"meta":{"consumer_id":"WHO","consumer_username":"WHO","request_model":"m"}}},` +
		`"authenticated_groups":["WHO"],"consumer_groups":[{"name":"WHO"}],"consumer_group":"WHO","consumer":{"id":"WHO"},` +
		`"request":{"id":"1","headers":{"X-Consumer-Username":"WHO","X-CREDENTIAL-IDENTIFIER":"WHO","X-Authenticated-Userid":"WHO",` +
		`"X-Anonymous-Consumer":"WHO","x-other":"kept"}}}`
	for setting, leaks := range map[engineconfig.Keep]bool{engineconfig.KeepIt: true, engineconfig.DropIt: false} {
		b := decode(t, testReceiver(t, func(c *Config) { c.Consumer = setting }).decoder, message)
		require.Equal(t, 1, b.records.Len())
		text := asText(b.records.At(0).Attributes().AsRaw())
		assert.Equal(t, leaks, strings.Contains(text, "WHO"), text)
		assert.Contains(t, text, "kept")
		assert.Contains(t, text, "kong.request.id")
	}
}
