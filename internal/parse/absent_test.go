package parse

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAbsent(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "-", "$(POD_NAME)", "${POD_NAME}", "$()", "%ENVIRONMENT(POD_UID)%", "%HOSTNAME%", "%REQ(X-A?:B):10%", "%X%", "%REQ(%)%",
	} {
		assert.True(t, Absent(s), s)
	}
	for _, s := range []string{
		"a", "--", " ", "$", "%", "%%", "$(", "$)", "(a)", "$(A)b", "a$(B)", "${A", "%2F%", "%a%", "%20%", "100%", "%A% %b%", "%A(b%", "%A:%", "%A:x%",
	} {
		assert.False(t, Absent(s), s)
	}
}

func TestUnknownService(t *testing.T) {
	t.Parallel()
	assert.True(t, UnknownService("unknown_service"))
	assert.True(t, UnknownService("unknown_service:envoy"))
	assert.False(t, UnknownService("unknown_services"))
	assert.False(t, UnknownService(""))
}
