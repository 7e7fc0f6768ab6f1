package serverconfig

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
)

// Extensions checks that the extensions which a server's settings name are there, and that auth's can authenticate who
// calls a server. Which ones run is known at the start only. section is where the settings stand, such as
// "protocols::http::"; auth may be nil.
func Extensions(host component.Host, section string, auth *configauth.Config, middlewares []component.ID) error {
	const wayOut = "configure it under extensions and list it under service::extensions, or name one that is there"
	var errs error
	running := host.GetExtensions()
	if auth != nil {
		if _, err := auth.GetServerAuthenticator(context.Background(), running); err != nil {
			errs = fmt.Errorf("%sauth::authenticator: %q cannot be used, %w: %s", section, auth.AuthenticatorID, err, wayOut)
		}
	}
	for i, id := range middlewares {
		if running[id] == nil {
			errs = errors.Join(errs, fmt.Errorf("%smiddlewares::%d: %q is no extension that runs: %s", section, i, id, wayOut))
		}
	}
	return errs
}
