package konglogreceiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
)

// retryAfter is what a busy receiver asks for, in seconds. Kong goes by its own schedule (10 ms, doubled each time);
// others may listen.
const retryAfter = "1"

// httpServer takes the bodies of Kong's http-log plugin, at any path.
type httpServer struct {
	r        *kongReceiver
	cfg      *HTTPConfig
	obs      *receiverhelper.ObsReport
	inFlight budget
	server   *http.Server
	address  net.Addr
	wg       sync.WaitGroup
}

func newHTTPServer(r *kongReceiver, cfg *HTTPConfig) (*httpServer, error) {
	obs, err := newObsReport(r, transportHTTP)
	if err != nil {
		return nil, err
	}
	s := &httpServer{r: r, cfg: cfg, obs: obs}
	s.inFlight.left.Store(cfg.MaxInFlightSize)
	return s, nil
}

func (s *httpServer) start(ctx context.Context, host component.Host) error {
	cfg := s.cfg.ServerConfig
	var err error
	s.server, err = cfg.ToServer(ctx, host.GetExtensions(), s.r.set.TelemetrySettings, s, confighttp.WithErrorHandler(s.refuse))
	if err != nil {
		return fmt.Errorf("protocols::http: %w", err)
	}
	s.server.Handler = watchBody(s.server.Handler)
	listener, err := cfg.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("protocols::http: listen: %w", err)
	}
	s.address = listener.Addr()
	s.r.set.Logger.Info("listening for Kong's http-log", zap.Stringer("address", s.address))
	s.wg.Go(func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

// shutdown lets requests under way end. Those that do not in time lose nothing: Kong was not told that they were taken.
func (s *httpServer) shutdown(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	s.wg.Wait()
	return err
}

// ServeHTTP answers one request of the plugin. Kong sends a body again on every answer of 300 and above, with all
// others waiting behind it, so only what a repetition can mend is answered so.
func (s *httpServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch req.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch: // the three that http-log can be told to use
	default:
		w.Header().Set("Allow", "POST, PUT, PATCH")
		s.answer(w, req, http.StatusMethodNotAllowed, outcomeMethod, "http-log sends with POST, PUT or PATCH")
		return
	}
	if !isJSON(req.Header.Get("Content-Type")) {
		s.answer(w, req, http.StatusUnsupportedMediaType, outcomeMediaType, "want Content-Type application/json")
		return
	}
	b, err := s.read(req)
	defer func() { s.release(b) }()
	if err != nil {
		s.answerUnread(w, req, err)
		return
	}
	// read_timeout is for the body. Where it ran out while the pipeline works on the records, net/http would take the
	// request for broken off (Go 1.26, net/http/server.go, backgroundRead). An error means that there is no deadline.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	s.deliver(w, req, messages{size: len(b.text), observed: s.r.decoder.observed(), at: func(i int) (string, int, bool) {
		return b.text, 1, i == 0
	}})
}

// deliver hands the records on, batch after batch, and answers.
func (s *httpServer) deliver(w http.ResponseWriter, req *http.Request, m messages) {
	ctx := req.Context()
	b, next, more := s.r.decoder.read(m, place{})
	if s.r.cfg.OnMalformed == OnMalformedReject {
		if found := s.review(m, b, next, more); found.bad() > 0 {
			s.r.tel.countTrouble(ctx, transportHTTP, &found, req.RemoteAddr)
			s.answer(w, req, http.StatusBadRequest, outcomeMalformed, positionOf(found.first))
			return
		}
	}
	var found trouble
	accepted, refused := 0, 0
	for {
		n, err := s.consume(ctx, b)
		switch {
		case err == nil:
			accepted += n
		case consumererror.IsPermanent(err):
			// The next component will never take it, so nor does a repetition help: it is lost, and said so here.
			refused += n
			s.r.tel.countLost(ctx, transportHTTP, causePermanent, n, err)
		default:
			s.busy(w, req)
			return
		}
		found.add(&b.trouble)
		s.r.tel.countStats(ctx, b)
		if !more {
			break
		}
		b, next, more = s.r.decoder.read(m, next)
	}
	s.r.tel.countTrouble(ctx, transportHTTP, &found, req.RemoteAddr)
	switch {
	case refused > 0:
		s.answer(w, req, http.StatusOK, outcomePermanent, "received, and refused for good by the pipeline")
	case found.bad() > 0:
		s.answer(w, req, http.StatusOK, outcomeMalformed,
			strconv.Itoa(accepted)+" accepted, "+strconv.Itoa(found.bad())+" not readable: "+positionOf(found.first))
	default:
		s.answer(w, req, http.StatusOK, outcomeAccepted, "")
	}
}

// review reads a body to its end without keeping it; b is its first batch, and next is behind that.
func (s *httpServer) review(m messages, b *batch, next place, more bool) trouble {
	found := b.trouble
	for more {
		b, next, more = s.r.decoder.read(m, next)
		found.add(&b.trouble)
	}
	return found
}

// consume hands on one batch and returns how many records it had.
func (s *httpServer) consume(ctx context.Context, b *batch) (n int, err error) {
	if n = b.records.Len(); n > 0 {
		s.r.decoder.finish(b)
		op := s.obs.StartLogsOp(ctx)
		err = s.r.next.ConsumeLogs(op, b.logs)
		s.obs.EndLogsOp(op, format, n, err)
	}
	return n, err
}

func (s *httpServer) busy(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Retry-After", retryAfter)
	s.answer(w, req, http.StatusServiceUnavailable, outcomeBusy, "busy, send it again")
}

// answerUnread is for bodies that did not arrive whole.
func (s *httpServer) answerUnread(w http.ResponseWriter, req *http.Request, err error) {
	tooLarge, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, errBusy):
		s.busy(w, req)
	case isTooLarge:
		s.answer(w, req, http.StatusRequestEntityTooLarge, outcomeTooLarge,
			"the body is longer than max_request_body_size, "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	case errors.Is(err, errEncoding):
		s.undecodable(w, req, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.answer(w, req, http.StatusRequestTimeout, outcomeUnreadable, "the body did not arrive within read_timeout")
	default: // the sender broke off
		s.answer(w, req, http.StatusBadRequest, outcomeUnreadable, "the body did not arrive whole")
	}
}

// undecodable answers a body whose compression is broken: malformed like any other, it comes again the same.
func (s *httpServer) undecodable(w http.ResponseWriter, req *http.Request, err error) {
	s.r.tel.countMalformed(req.Context(), transportHTTP, faultEncoding, 1, err, req.RemoteAddr)
	code := http.StatusOK
	if s.r.cfg.OnMalformed == OnMalformedReject {
		code = http.StatusBadRequest
	}
	s.answer(w, req, code, outcomeMalformed, "the body cannot be decompressed")
}

// refuse is what confighttp calls where it answers by itself: without credentials, or for a body whose compression
// cannot be read from its first byte on.
func (s *httpServer) refuse(w http.ResponseWriter, req *http.Request, message string, code int) {
	if code != http.StatusBadRequest {
		http.Error(w, message, code)
		return
	}
	if strings.HasPrefix(message, "unsupported ") {
		s.answer(w, req, http.StatusUnsupportedMediaType, outcomeMediaType, message)
		return
	}
	if err := arrival(req).failed(); err != nil {
		s.answerUnread(w, req, err)
		return
	}
	s.undecodable(w, req, errors.New(message))
}

// answer ends a request.
func (s *httpServer) answer(w http.ResponseWriter, req *http.Request, code int, o outcome, text string) {
	s.r.tel.builder.ReceiverKongLogRequests.Add(req.Context(), 1, s.r.tel.outcome[o])
	if text == "" {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n") // whoever is gone does not need it
}

// isJSON accepts what Kong sends, and a request that says nothing.
func isJSON(contentType string) bool {
	if contentType == "" || contentType == "application/json" || contentType == "application/json; charset=utf-8" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/json"
}

// positionOf says where reading ended.
func positionOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
