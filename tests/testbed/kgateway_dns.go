package testbed

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

const (
	dnsAddress = "127.0.0.1:53"
	dnsDomain  = ".svc.cluster.local."
	dnsTimeout = 2 * time.Second // for the API server's answer
	dnsTTL     = 30              // seconds, as CoreDNS gives for Services

	// RFC 1035, sections 4.1.1 and 3.2.2.
	dnsHeader    = 12
	dnsTypeA     = 1
	dnsClassIN   = 1
	dnsAnswer    = 0x8180 // a response, recursion desired and available
	dnsNameError = 3
)

// startServiceDNS answers questions for <service>.<namespace>.svc.cluster.local with the Service's cluster address, and
// for any other name that it does not exist, until the end of the test. One question at a time is enough for a proxy.
func startServiceDNS(tb testing.TB, c *Client) {
	tb.Helper()
	conn, err := net.ListenPacket("udp", dnsAddress)
	if err != nil {
		tb.Fatalf("answer DNS: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return // closed
			}
			if reply := answerDNS(packet[:n], c.serviceAddress); reply != nil {
				_, _ = conn.WriteTo(reply, from) // whoever asked asks again
			}
		}
	}()
	tb.Cleanup(func() {
		if err := conn.Close(); err != nil {
			tb.Errorf("stop answering DNS: %v", err)
		}
		<-done
	})
}

// answerDNS returns the reply to a packet with one question, or nil if it is no such packet.
func answerDNS(packet []byte, lookUp func(name string) (netip.Addr, error)) []byte {
	if len(packet) < dnsHeader || binary.BigEndian.Uint16(packet[4:]) != 1 {
		return nil
	}
	name, end, err := dnsName(packet)
	if err != nil || len(packet) < end+4 {
		return nil
	}
	kind, class := binary.BigEndian.Uint16(packet[end:]), binary.BigEndian.Uint16(packet[end+2:])
	address, err := lookUp(name)

	reply := append([]byte(nil), packet[:2]...) // the question's id
	var code, answers uint16
	switch {
	case err != nil:
		code = dnsNameError
	case kind == dnsTypeA && class == dnsClassIN:
		answers = 1
	}
	for _, v := range []uint16{dnsAnswer | code, 1, answers, 0, 0} {
		reply = binary.BigEndian.AppendUint16(reply, v)
	}
	reply = append(reply, packet[dnsHeader:end+4]...)
	if answers == 0 {
		return reply // a name without an address of that kind
	}
	for _, v := range []uint16{0xc000 | dnsHeader, kind, class} { // a pointer to the name in the question
		reply = binary.BigEndian.AppendUint16(reply, v)
	}
	reply = binary.BigEndian.AppendUint32(reply, dnsTTL)
	ip := address.As4()
	reply = binary.BigEndian.AppendUint16(reply, uint16(len(ip)))
	return append(reply, ip[:]...)
}

// dnsName reads the question's name, with its final dot and in lower case, and returns where it ends.
func dnsName(packet []byte) (name string, end int, err error) {
	var b strings.Builder
	for at := dnsHeader; at < len(packet); {
		length := int(packet[at])
		at++
		if length == 0 {
			return strings.ToLower(b.String()), at, nil
		}
		if length > 63 || at+length > len(packet) { // more is a pointer, which a first name cannot be
			break
		}
		b.Write(packet[at : at+length])
		b.WriteByte('.')
		at += length
	}
	return "", 0, errors.New("name in the question is cut short")
}

// serviceAddress asks the API server for the cluster address of a Service's host name.
func (c *Client) serviceAddress(host string) (netip.Addr, error) {
	service, namespace, found := strings.Cut(strings.TrimSuffix(host, dnsDomain), ".")
	if !found || !strings.HasSuffix(host, dnsDomain) {
		return netip.Addr{}, errors.New("not a name of a Service: " + host)
	}
	ctx, cancel := context.WithTimeout(context.Background(), dnsTimeout)
	defer cancel()
	var object struct {
		Spec struct {
			ClusterIP string
		}
	}
	if err := c.Get(ctx, "/api/v1/namespaces/"+namespace+"/services/"+service, &object); err != nil {
		return netip.Addr{}, err
	}
	return netip.ParseAddr(object.Spec.ClusterIP)
}
