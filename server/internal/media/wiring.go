package media

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/telemetry"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
	"github.com/livekit/protocol/logger"
	"github.com/livekit/protocol/rpc"
	"github.com/livekit/protocol/utils"
	"github.com/livekit/psrpc"
	"github.com/livekit/psrpc/pkg/middleware/otelpsrpc"
	"github.com/redis/go-redis/v9"

	lkconfig "github.com/livekit/livekit-server/pkg/config"
)

// livekitParts are the parts of LiveKit that are used, in the order in which LiveKit's
// own server joins them. Its listener, its API and its tokens are not among them.
type livekitParts struct {
	config     *lkconfig.Config
	node       *routing.LocalNodeImpl
	redis      redis.UniversalClient // nil on a single node
	leaving    atomic.Bool           // the node is about to end
	retire     func() error          // see retired
	router     routing.Router
	store      service.ObjectStore
	rooms      *service.RoomManager
	rtc        *service.RTCService
	signals    *service.SignalServer
	topics     rpc.TopicFormatter
	roomCalls  rpc.TypedRoomClient
	partyCalls rpc.TypedParticipantClient
}

// assemble builds LiveKit. If it changes its constructors, this file is where to follow.
func (e *Engine) assemble() (*livekitParts, error) {
	conf, err := e.config.livekit()
	if err != nil {
		return nil, err
	}
	logTo(e.log)
	p := &livekitParts{config: conf}
	p.retire = sync.OnceValue(p.retired)
	if p.node, err = routing.NewLocalNode(conf); err != nil {
		return nil, err
	}
	if err := prometheus.Init(string(p.node.NodeID()), p.node.NodeType()); err != nil {
		return nil, err
	}
	p.store = service.NewLocalStore()
	bus := psrpc.NewLocalMessageBus()
	if conf.Redis.IsConfigured() {
		if p.redis, err = openRedis(&e.config.Redis); err != nil {
			return nil, err
		}
		p.store, bus = service.NewRedisStore(p.redis), psrpc.NewRedisMessageBus(p.redis)
	}
	if err := p.connect(e, bus); err != nil {
		return nil, errors.Join(err, p.close()) // of what is open by then nobody else knows
	}
	return p, nil
}

func (p *livekitParts) connect(e *Engine, bus psrpc.MessageBus) error {
	conf := p.config
	calls := rpc.NewClientParams(conf.PSRPC, bus, logger.GetLogger(), rpc.PSRPCMetricsObserver{}, otelpsrpc.ClientOptions(otelpsrpc.Config{}))
	signals, err := routing.NewSignalClient(p.node.NodeID(), bus, conf.SignalRelay)
	if err != nil {
		return err
	}
	roomRouter, err := routing.NewRoomManagerClient(calls, conf.Room)
	if err != nil {
		return err
	}
	alive, err := rpc.NewKeepalivePubSub(calls)
	if err != nil {
		return err
	}
	p.router = routing.CreateRouter(p.redis, p.node, signals, roomRouter, alive, conf.NodeStats)
	allocator, err := service.NewRoomAllocator(conf, p.router, p.store)
	if err != nil {
		return err
	}
	events := telemetry.NewTelemetryService(&notifier{engine: e}, telemetry.NewAnalyticsService(conf, p.node))
	store, router := p.store, p.router
	if p.redis != nil {
		store, router = ownStore{store, p}, ownRouter{router}
	}
	p.rooms, err = service.NewLocalRoomManager(conf, store, p.node, router, allocator, events, nil, nil, nil,
		utils.NewDefaultTimedVersionGenerator(), service.NewTURNAuthHandler(nil), bus, nil)
	if err != nil {
		return err
	}
	p.rtc = service.NewRTCService(conf, allocator, doorRouter{p.router, e.log}, events)
	if p.signals, err = service.NewSignalServer(p.node.NodeID(), p.node.Region(), bus, conf.SignalRelay, &host{engine: e, parts: p}); err != nil {
		return err
	}
	p.topics = rpc.NewTopicFormatter()
	if p.roomCalls, err = rpc.NewTypedRoomClient(calls); err != nil {
		return err
	}
	p.partyCalls, err = rpc.NewTypedParticipantClient(calls)
	return err
}

func (p *livekitParts) start() error {
	if err := p.router.RemoveDeadNodes(); err != nil {
		return err
	}
	if err := p.router.RegisterNode(); err != nil {
		return err
	}
	if err := p.router.Start(); err != nil {
		return err
	}
	return p.signals.Start()
}

// retired takes the node out of those that rooms are placed on. Sessions go on.
func (p *livekitParts) retired() error {
	if p.router == nil {
		return nil
	}
	p.leaving.Store(true)
	p.router.Drain()
	p.router.Stop()
	// Again, and last: until it was stopped, it wrote every other second that it is there.
	return p.router.UnregisterNode()
}

func (p *livekitParts) close() error {
	all := []error{p.retire()}
	if p.rooms != nil {
		p.rooms.Stop()
	}
	if p.signals != nil {
		p.signals.Stop()
	}
	if p.redis != nil {
		all = append(all, p.redis.Close())
	}
	return errors.Join(all...)
}
