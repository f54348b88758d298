package tasker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// TLS says how connections are encrypted. Files are read when a connection is made.
type TLS struct {
	// CAFile has the certificates (PEM) of those who may vouch for the service; empty: the system's.
	CAFile string
	// CertificateFile and KeyFile are what this side shows (PEM); empty: nothing.
	CertificateFile string
	// KeyFile belongs to CertificateFile.
	KeyFile string
	// ServerName is the name that the service's certificate must have; empty: the address's.
	ServerName string
}

// TokenSource gives the access token of the moment. Safe for use by several goroutines.
type TokenSource func(ctx context.Context) (string, error)

// endpoint is where the service is, and what it is shown.
type endpoint struct {
	addresses []string
	tls       *TLS
	token     TokenSource
	// Whether token may give another one the next time.
	changing bool
}

func newEndpoint(addresses []string, security *TLS, token string, source TokenSource) (endpoint, error) {
	e := endpoint{addresses: addresses, tls: security, token: source, changing: source != nil}
	if len(addresses) == 0 {
		e.addresses = []string{DefaultAddress}
	}
	for _, address := range e.addresses {
		if strings.TrimSpace(address) == "" {
			return endpoint{}, errors.New("an address is empty; give host:port")
		}
	}
	if token != "" {
		if source != nil {
			return endpoint{}, errors.New("give a token or a source of tokens, not both")
		}
		e.token = func(context.Context) (string, error) { return token, nil }
	}
	return e, nil
}

// current is the token of the moment; empty: none.
func (e *endpoint) current(ctx context.Context) (string, error) {
	if e.token == nil {
		return "", nil
	}
	return e.token(ctx)
}

// dial makes a connection to one address, which is not there yet. The caller closes it.
func (e *endpoint) dial(address string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	all, err := e.options()
	if err != nil {
		return nil, err
	}
	target := address
	if !strings.Contains(address, "://") && !strings.HasPrefix(address, "unix:") {
		target = "dns:///" + address
	}
	return grpc.NewClient(target, append(all, options...)...)
}

// dialAny makes a connection to the first address that answers, with the token added to each call.
func (e *endpoint) dialAny() (*grpc.ClientConn, error) {
	credentials := grpc.WithPerRPCCredentials(bearer{e})
	if len(e.addresses) == 1 {
		return e.dial(e.addresses[0], credentials)
	}
	all, err := e.options()
	if err != nil {
		return nil, err
	}
	several := manual.NewBuilderWithScheme("tasker")
	var state resolver.State
	for _, address := range e.addresses {
		host := address
		if i := strings.LastIndex(address, ":"); i > 0 {
			host = address[:i]
		}
		state.Addresses = append(state.Addresses, resolver.Address{Addr: address, ServerName: strings.Trim(host, "[]")})
	}
	several.InitialState(state)
	return grpc.NewClient("tasker:///service", append(all, grpc.WithResolvers(several), credentials)...)
}

func (e *endpoint) options() ([]grpc.DialOption, error) {
	transport := insecure.NewCredentials()
	if e.tls != nil {
		config, err := e.tls.load()
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	return []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		// Messages are bounded by the service's own limits, not by gRPC's default of 4 MiB.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)),
		// A service that was restarted is found again at once, not after a growing pause.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           grpcbackoff.Config{BaseDelay: backoffFirst, Multiplier: 2, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
		// gRPC's servers put up with a ping in five minutes.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 6 * time.Minute, Timeout: 20 * time.Second}),
	}, nil
}

func (t *TLS) load() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("the CA file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the CA file %s has no certificate in PEM", t.CAFile)
		}
	}
	if t.CertificateFile != "" || t.KeyFile != "" {
		certificate, err := tls.LoadX509KeyPair(t.CertificateFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return config, nil
}

// bearer adds the token of the moment to each call.
type bearer struct{ endpoint *endpoint }

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.endpoint.current(ctx)
	if err != nil || token == "" {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity is false: whether a network may be trusted is for those who run it to say.
func (bearer) RequireTransportSecurity() bool { return false }
