package testbed

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// pki is what an API server and its clients prove themselves with, made anew for each cluster. Paths are files.
type pki struct {
	authority         string // certificate that clients trust
	certificate       string // of the API server
	key               string
	serviceAccountKey string // signs and verifies the tokens of ServiceAccounts
	tokens            string // the API server's list of static tokens
	token             string // the administrator's
	pool              *x509.CertPool
	authorityPEM      []byte
}

// newPKI writes the files into dir. The API server's certificate is for the address.
func newPKI(dir string, address net.IP) (*pki, error) {
	p := &pki{
		authority:         filepath.Join(dir, "ca.crt"),
		certificate:       filepath.Join(dir, "apiserver.crt"),
		key:               filepath.Join(dir, "apiserver.key"),
		serviceAccountKey: filepath.Join(dir, "serviceaccount.key"),
		tokens:            filepath.Join(dir, "tokens.csv"),
		token:             rand.Text(),
		pool:              x509.NewCertPool(),
	}
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	_, serviceAccountPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	// One key pair is authority and server at once: nothing else is ever signed.
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:             time.Now().Add(-time.Hour), // clocks of one machine agree, but are set back at times
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:           []net.IP{address},
		DNSNames:              []string{"kubernetes.default.svc"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	p.authorityPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	p.pool.AppendCertsFromPEM(p.authorityPEM)
	for path, content := range map[string][]byte{
		p.authority:         p.authorityPEM,
		p.certificate:       p.authorityPEM,
		p.key:               keyPEM,
		p.serviceAccountKey: serviceAccountPEM,
		p.tokens:            []byte(p.token + ",admin,admin,system:masters\n"),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, fmt.Errorf("write keys: %w", err)
		}
	}
	return p, nil
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("write key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// kubeconfig is the file that Kubernetes' own programs read.
func kubeconfig(url string, p *pki) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `apiVersion: v1
kind: Config
clusters:
- name: testbed
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: admin
  user:
    token: %s
contexts:
- name: testbed
  context: {cluster: testbed, user: admin}
current-context: testbed
`, url, base64.StdEncoding.EncodeToString(p.authorityPEM), p.token)
	return b.Bytes()
}
