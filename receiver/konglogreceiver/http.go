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
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/gatehouse-otel/gatehouse/internal/serverconfig"
)

// retryAfter is what a busy receiver asks for, in seconds. Kong goes by its own schedule (10 ms, doubled each time);
// others may listen.
const retryAfter = "1"

// busyTime is how long a body is offered to a busy pipeline before it is answered 503. Kong waits for an answer for 10 s by
// default, and 503 costs it more than the time until there is room again: behind a stall of half a minute it sends a body
// after 41 s, and has lost it when the queue is full just then, because the next time would be later than
// queue.max_retry_time.
const busyTime = 2 * time.Second

// httpServer takes the bodies of Kong's http-log plugin, at any path.
type httpServer struct {
	r        *kongReceiver
	cfg      *HTTPConfig
	obs      *receiverhelper.ObsReport
	inFlight budget
	busyTime time.Duration
	server   *http.Server
	address  net.Addr
	wg       sync.WaitGroup
}

func newHTTPServer(r *kongReceiver, cfg *HTTPConfig) (*httpServer, error) {
	obs, err := newObsReport(r, transportHTTP)
	if err != nil {
		return nil, err
	}
	s := &httpServer{r: r, cfg: cfg, obs: obs, busyTime: r.busy}
	if limit := cfg.ServerConfig.WriteTimeout; limit > 0 {
		s.busyTime = min(r.busy, limit/2) // the answer has to be written in time
	}
	s.inFlight.left.Store(cfg.MaxInFlightSize)
	return s, nil
}

func (s *httpServer) start(ctx context.Context, host component.Host) error {
	cfg := s.cfg.ServerConfig
	if err := s.checkExtensions(host); err != nil {
		return err
	}
	var err error
	s.server, err = cfg.ToServer(ctx, host.GetExtensions(), s.r.set.TelemetrySettings, s, confighttp.WithErrorHandler(s.refuse))
	if err != nil {
		return fmt.Errorf("protocols::http: %w", err)
	}
	s.server.Handler = watchBody(s.server.Handler)
	listener, err := cfg.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("protocols::http::endpoint: %w", err)
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

func (s *httpServer) checkExtensions(host component.Host) error {
	var auth *configauth.Config
	if a := s.cfg.ServerConfig.Auth.Get(); a != nil {
		auth = &a.Config
	}
	middlewares := make([]component.ID, 0, len(s.cfg.ServerConfig.Middlewares))
	for _, m := range s.cfg.ServerConfig.Middlewares {
		middlewares = append(middlewares, m.ID)
	}
	return serverconfig.Extensions(host, "protocols::http::", auth, middlewares)
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
	in, err := s.read(req)
	defer func() { s.release(in) }()
	if err != nil {
		s.answerUnread(w, req, err)
		return
	}
	// read_timeout is for the body. Where it ran out while the pipeline works on the records, net/http would take the
	// request for broken off (Go 1.26, net/http/server.go, backgroundRead). An error means that there is no deadline.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	m := messages{size: len(in.text), observed: s.r.decoder.observed(), at: func(i int) (string, int, bool) {
		return in.text, 1, i == 0
	}}
	giveUp := time.Now().Add(s.busyTime)
	for pause := firstPause; ; pause *= 2 {
		// Made anew for every attempt, because what refused it may have changed it.
		b, more, err := s.decode(m, in.taken)
		in.taken += more
		if err != nil {
			s.answerUnread(w, req, err)
			return
		}
		if s.deliver(w, req, b) {
			return
		}
		if pause = min(pause, time.Until(giveUp)); pause <= 0 || !wait(req.Context().Done(), pause) {
			s.busy(w, req)
			return
		}
		s.r.tel.builder.ReceiverKongLogRetries.Add(req.Context(), 1, s.r.tel.transport[transportHTTP])
	}
}

// recordRoom is what a record takes of max_in_flight_size at least, in bytes. Kong writes none that short; a body of two
// million {"a":1} would else be a hundred times its size.
const recordRoom = 512

var errTooMany = errors.New("too many records")

// decode makes one batch of a whole body: it is handed on in one call, because a body comes again whole when that fails,
// and what had been handed on of it before would come twice. taken is what it has of the budget, more is what it has now
// on top. The records of a first batch are free, as in a body that has no more. Errors: errBusy, errTooMany.
func (s *httpServer) decode(m messages, taken int64) (b *batch, more int64, err error) {
	b, at, rest := s.r.decoder.read(m, place{})
	for rest {
		var part *batch
		part, at, rest = s.r.decoder.read(m, at)
		b.add(&part.trouble)
		part.records.MoveAndAppendTo(b.records)
		room := int64(b.records.Len()-maxBatchRecords) * recordRoom
		switch lacks := room - taken - more; {
		case room > s.cfg.MaxInFlightSize:
			return nil, more, errTooMany
		case lacks <= 0:
		case !s.inFlight.take(lacks):
			return nil, more, errBusy
		default:
			more += lacks
		}
	}
	return b, more, nil
}

// deliver hands the records of a body on and answers. It returns false, without an answer, when the pipeline is busy.
func (s *httpServer) deliver(w http.ResponseWriter, req *http.Request, b *batch) bool {
	ctx := req.Context()
	bad := b.bad()
	if bad > 0 && s.r.cfg.OnMalformed == OnMalformedReject {
		s.r.tel.countTrouble(ctx, transportHTTP, &b.trouble, req.RemoteAddr)
		s.answer(w, req, http.StatusBadRequest, outcomeMalformed, positionOf(b.first))
		return true
	}
	n, err := s.consume(ctx, b)
	if err != nil && !consumererror.IsPermanent(err) {
		return false
	}
	s.r.tel.countStats(ctx, b)
	s.r.tel.countTrouble(ctx, transportHTTP, &b.trouble, req.RemoteAddr)
	switch {
	case err != nil:
		// The next component will never take it, so nor does a repetition help: it is lost, and said so here.
		s.r.tel.countLost(ctx, transportHTTP, causePermanent, refused(n, err), err)
		s.answer(w, req, http.StatusOK, outcomePermanent, "received, and refused for good by the pipeline")
	case bad > 0:
		s.answer(w, req, http.StatusOK, outcomeMalformed,
			strconv.Itoa(n)+" accepted, "+strconv.Itoa(bad)+" not readable: "+positionOf(b.first))
	default:
		s.answer(w, req, http.StatusOK, outcomeAccepted, "")
	}
	return true
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

// answerUnread is for bodies that did not arrive whole, or for which there is no room.
func (s *httpServer) answerUnread(w http.ResponseWriter, req *http.Request, err error) {
	tooLarge, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, errBusy):
		s.busy(w, req)
	case isTooLarge:
		s.answer(w, req, http.StatusRequestEntityTooLarge, outcomeTooLarge,
			"the body is longer than max_request_body_size, "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	case errors.Is(err, errTooMany):
		s.answer(w, req, http.StatusRequestEntityTooLarge, outcomeTooLarge, "the body has more records than max_in_flight_size, "+
			strconv.FormatInt(s.cfg.MaxInFlightSize, 10)+" bytes, holds at "+strconv.Itoa(recordRoom)+" each")
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
