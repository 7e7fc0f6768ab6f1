//go:build e2e

package e2e

import "cmp"

// end is how a request ends at Envoy. The zero value of a field is the usual: the route "main", the service "cart", one
// attempt that gives the code.
type end struct {
	rule     string // of the route that was selected, none for no route
	service  string // behind it, none for no upstream
	code     int    // 0 if no response was sent
	flags    string // response flags, "" for Envoy's "-"
	details  string // response_code_details, "" for those of an upstream's answer
	out      int    // bytes of the response's body, when the upstream made it
	local    bool   // Envoy answered, or nobody
	untraced bool   // refused before a span begins
	rpc      string // name of the gRPC status
	attempts []attempt
}

// attempt is one try to reach the upstream.
type attempt struct {
	code        int
	flags       string
	reason      string // error.reason
	canceled    bool   // Envoy gave it up because the client left
	timedOut    bool   // Envoy gave it up because of the route's timeout
	unconnected bool   // the upstream was never reached
}

const none = "none"

func (e end) serviceName() string {
	if e.service == none {
		return ""
	}
	return cmp.Or(e.service, "cart")
}

func (e end) tries() []attempt {
	if e.serviceName() == "" {
		return nil
	}
	if e.attempts == nil {
		return []attempt{{code: e.code}}
	}
	return e.attempts
}
