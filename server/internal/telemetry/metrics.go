package telemetry

import (
	"maps"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"usersig"
	"usersig/server/internal/gate"
)

// Source is where the metrics of a server's state come from, asked at each scrape.
type Source struct {
	// Census returns how many applications and keys there are in each state.
	Census func() (apps, keys map[string]int)
	// Age returns how old the view of the store is.
	Age func() time.Duration
	// States are all that Census can answer with. Each is shown, if only with 0, so that
	// an alert does not depend on whether there ever was one.
	AppStates, KeyStates []string
	// Sessions returns how many users are in rooms of this node. It may be nil.
	Sessions func() int
	Version  string
}

// Metrics counts what a server does. Its labels have values from lists of ours: routes
// of the table, reasons of refusals, states. It has a registry of its own, to which no
// other package can add.
type Metrics struct {
	registry *prometheus.Registry
	seconds  *prometheus.HistogramVec
	outcomes *prometheus.CounterVec
	known    atomic.Pointer[map[result]series] // replaced whole
	inFlight prometheus.Gauge
	rejected prometheus.Counter
	commits  prometheus.Histogram
	failed   prometheus.Counter
	evicted  *prometheus.CounterVec
}

// result is how a request ended.
type result struct{ route, outcome string }

// series is where requests that ended alike are counted.
type series struct {
	seconds prometheus.Observer
	count   prometheus.Counter
}

// buckets reach from a signature (20 µs) to the longest wait (a revocation's second,
// a store that is going away).
var buckets = []float64{.000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

// leaving are the usual reasons for which users have to leave rooms. Each is shown, if only
// with 0, so that an alert sees the first one.
var leaving = []usersig.Error{
	usersig.ErrExpired, usersig.ErrRevoked, usersig.ErrBlocked, usersig.ErrSignature, usersig.ErrNoKey, usersig.ErrAppUnknown,
}

// NewMetrics returns metrics in which nothing has happened yet.
func NewMetrics(src Source) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "usersig_http_request_duration_seconds", Help: "Time to answer a request, by route.", Buckets: buckets,
		}, []string{"route"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usersig_outcomes_total", Help: "Requests by route and outcome: ok, or the reason why not.",
		}, []string{"route", "outcome"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "usersig_http_requests_in_flight", Help: "Requests being worked on.",
		}),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "usersig_http_requests_rejected_total", Help: "Requests answered with 503 because limits.requests were under way.",
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "usersig_store_commit_duration_seconds", Help: "Time a commit of the store takes, good or not.", Buckets: buckets,
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "usersig_store_commit_failures_total", Help: "Commits that failed because of the store.",
		}),
		evicted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usersig_evictions_total", Help: "Users who had to leave a room, by the reason.",
		}, []string{"reason"}),
	}
	m.known.Store(&map[result]series{})
	for _, why := range leaving {
		if r, ok := usersig.RefusalOf(why); ok {
			m.evicted.WithLabelValues(r.Reason)
		}
	}
	m.evicted.WithLabelValues(gate.Lied)
	m.registry.MustRegister(m.seconds, m.outcomes, m.inFlight, m.rejected, m.commits, m.failed, m.evicted,
		newState(src), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Commit counts a commit of the store. Failed is whether the store was to blame.
func (m *Metrics) Commit(took time.Duration, failed bool) {
	m.commits.Observe(took.Seconds())
	if failed {
		m.failed.Inc()
	}
}

// Rejected counts a request that was one too many.
func (m *Metrics) Rejected() { m.rejected.Inc() }

// Observe counts a request that is over. Route and outcome are from lists of ours: what
// a client sent is never a label.
func (m *Metrics) Observe(route, outcome string, took time.Duration) {
	s, ok := (*m.known.Load())[result{route, outcome}]
	if !ok {
		s = m.add(result{route, outcome})
	}
	s.seconds.Observe(took.Seconds())
	s.count.Inc()
}

// add makes a result known, so that its labels are looked up once and not for each request.
// If another is made known at the same time one of them is not, until the next time.
func (m *Metrics) add(r result) series {
	s := series{m.seconds.WithLabelValues(r.route), m.outcomes.WithLabelValues(r.route, r.outcome)}
	more := maps.Clone(*m.known.Load())
	more[r] = s
	m.known.Store(&more)
	return s
}

// Evicted counts a user who had to leave a room. The reason is the name of a refusal, or
// [gate.Lied].
func (m *Metrics) Evicted(reason string) { m.evicted.WithLabelValues(reason).Inc() }

// Begin counts a request as one that is being worked on, until the function that it
// returns is called.
func (m *Metrics) Begin() (end func()) {
	m.inFlight.Inc()
	return m.inFlight.Dec
}

// state collects what is asked at a scrape.
type state struct {
	src     Source
	apps    *prometheus.Desc
	keys    *prometheus.Desc
	age     *prometheus.Desc
	version *prometheus.Desc
	users   *prometheus.Desc
}

func newState(src Source) *state {
	return &state{
		src:     src,
		apps:    prometheus.NewDesc("usersig_apps", "Applications by state.", []string{"state"}, nil),
		keys:    prometheus.NewDesc("usersig_keys", "Keys by state.", []string{"state"}, nil),
		age:     prometheus.NewDesc("usersig_snapshot_age_seconds", "How long ago the store was last read.", nil, nil),
		users:   prometheus.NewDesc("usersig_sessions", "Users in rooms of this node.", nil, nil),
		version: prometheus.NewDesc("usersig_build_info", "Always 1; the version is a label.", []string{"version"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	ch <- s.apps
	ch <- s.keys
	ch <- s.age
	ch <- s.users
	ch <- s.version
}

// Collect implements [prometheus.Collector].
func (s *state) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	apps, keys := s.src.Census()
	for _, state := range s.src.AppStates {
		gauge(s.apps, float64(apps[state]), state)
	}
	for _, state := range s.src.KeyStates {
		gauge(s.keys, float64(keys[state]), state)
	}
	gauge(s.age, s.src.Age().Seconds())
	if s.src.Sessions != nil {
		gauge(s.users, float64(s.src.Sessions()))
	}
	gauge(s.version, 1, s.src.Version)
}
