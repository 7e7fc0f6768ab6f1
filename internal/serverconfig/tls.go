package serverconfig

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
)

// TLS loads what a server's tls section names, as the server will: files that are not there or hold no certificates are
// mistakes of the configuration, and configtls looks at them only when the server starts. All are reported, each by its
// field. A section that configtls itself refuses is left to it, and a key in a TPM to the start.
func TLS(section *configoptional.Optional[configtls.ServerConfig]) error {
	if !section.HasValue() {
		return nil
	}
	c := section.Get()
	if c.Validate() != nil || c.Config.Validate() != nil {
		return nil
	}
	pair := configtls.Config{CertFile: c.CertFile, CertPem: c.CertPem, KeyFile: c.KeyFile, KeyPem: c.KeyPem}
	if c.TPMConfig.Enabled {
		pair = configtls.Config{}
	}
	var errs error
	for _, part := range [...]struct {
		fields, want string
		settings     configtls.ServerConfig
	}{
		{"tls::cert_file, tls::key_file", "a certificate and its key in PEM", configtls.ServerConfig{Config: pair}},
		{"tls::ca_file", "certificates in PEM", configtls.ServerConfig{Config: configtls.Config{CAFile: c.CAFile, CAPem: c.CAPem}}},
		{"tls::client_ca_file", "certificates in PEM", configtls.ServerConfig{ClientCAFile: c.ClientCAFile}},
		{"tls::cipher_suites, tls::curve_preferences", "names that configtls knows", configtls.ServerConfig{Config: configtls.Config{
			CipherSuites: c.CipherSuites, IncludeInsecureCipherSuites: c.IncludeInsecureCipherSuites, CurvePreferences: c.CurvePreferences,
		}}},
	} {
		if _, err := part.settings.LoadTLSConfig(context.Background()); err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s: %w: want %s", part.fields, err, part.want))
		}
	}
	return errs
}
