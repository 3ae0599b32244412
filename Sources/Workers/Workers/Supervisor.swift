import Glibc
import Lanes
import Ports
import SpeechModel
import Synchronization

/// The one thread that owns a pool's processes: spawns, listens, assigns, notices death and silence, replaces.
// @unchecked: everything below "thread-confined" is touched only by `run` and what it calls, on the supervisor's own thread;
// `orders` and `published` are for any thread; the rest is immutable.
final class Supervisor: @unchecked Sendable {
    struct Published {
        var load: RecognizerLoad
        var statistics = WorkerPool.Statistics()
        var processIDs: [Int32] = []
    }

    /// For a process that has nothing more to do.
    private static let stopPatienceMS = 300

    let configuration: WorkerPool.Configuration
    private let clock: any Clock
    private let report: @Sendable (WorkerIncident) -> Void
    private let stepped: @Sendable (ModelStep) -> Void
    private let orders = OrderBox<Order>()
    let published: Mutex<Published>
    let turns: Turns

    // thread-confined
    private var keeper: TemplateKeeper
    private var workers: [CInt: DecoderProcess] = [:]
    private var waiting = WaitingUtterances()
    private var nextUtterance: UInt32 = 1
    private var starting: [CheckedContinuation<Void, any Error>] = []
    private var stopping: [CheckedContinuation<Void, Never>] = []
    private var isStopping = false
    private var hasStarted = false
    private var statistics = WorkerPool.Statistics()
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    /// How many there are to be.
    private var decoders: Int
    private var mostRealTimeStreams = 0
    /// Of the process that all decoders share, if they do.
    private var sharedWatch = HangWatch()
    private var sharedHeardAt: UInt64 = 0

    init(
        configuration: WorkerPool.Configuration, clock: any Clock, report: @escaping @Sendable (WorkerIncident) -> Void,
        stepped: @escaping @Sendable (ModelStep) -> Void
    ) {
        self.stepped = stepped
        self.configuration = configuration
        self.clock = clock
        self.report = report
        keeper = TemplateKeeper(command: configuration.command, loadTimeoutMS: configuration.loadTimeoutMS)
        published = Mutex(Published(load: RecognizerLoad(ready: 0, busy: 0, waiting: 0, capacity: configuration.decoders)))
        decoders = configuration.decoders
        // A process that serves all its slots in one step takes turns with nobody.
        turns = Turns(slots: configuration.sharesProcess ? configuration.decoders : Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))
    }

    var now: UInt64 { clock.monotonicNanoseconds }

    func start(_ continuation: CheckedContinuation<Void, any Error>) {
        let isFirst = orders.open()
        post(.start(continuation))
        if isFirst { spawnThread(name: "recogniser-io", isUrgent: true) { self.run() } }
    }

    /// Hands an order to the thread. After the pool has stopped, orders are answered at once.
    func post(_ order: Order) {
        if !orders.post(order, isStop: order.isStop) { refuse(order) }
    }

    private func refuse(_ order: Order) {
        let stopped = SpeechError(.shuttingDown, "The recogniser has stopped.", advice: "Start the server again.")
        switch order {
        case .start(let continuation): continuation.resume(throwing: stopped)
        case .begin(let lease): lease.observer.recognition(lease.request.key, updated: .failed(stopped))
        case .attend, .release: break
        case .stop(let continuation): continuation.resume()
        }
    }

    // MARK: - the thread

    private func run() {
        while true {
            takeOrders()
            if isStopping { break }
            keepTemplate()
            checkTime()
            assign()
            refuseExcess()
            publish()
            wait()
        }
        end()
    }

    private func takeOrders() {
        for order in orders.take() {
            switch order {
            case .start(let continuation): if hasStarted { continuation.resume() } else { starting.append(continuation) }
            case .begin(let lease): waiting.add(lease, at: now)
            case .attend: break
            case .release(let lease): free(lease)
            case .stop(let continuation):
                stopping.append(continuation)
                isStopping = true
            }
        }
        for lease in waiting.takeCancelled() { lease.close() }
    }

    private func wait() {
        var descriptors = [pollfd(fd: orders.descriptor, events: Int16(POLLIN), revents: 0)]
        for descriptor in [keeper.control, keeper.errors] {
            if let descriptor { descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
        }
        for (socket, worker) in workers {
            let blocked = worker.lease?.isBlocked ?? false
            descriptors.append(pollfd(fd: socket, events: Int16(POLLIN | (blocked ? POLLOUT : 0)), revents: 0))
        }
        let isTimed =
            keeper.isTimed || !waiting.isEmpty || !hasStarted
            || workers.values.contains { $0.lease != nil || $0.processID == nil }
        let ready = poll(&descriptors, nfds_t(descriptors.count), isTimed ? 50 : 1000)
        guard ready > 0 else { return }
        for descriptor in descriptors where descriptor.revents != 0 {
            if descriptor.fd == orders.descriptor {
                orders.acknowledge()
            } else if descriptor.fd == keeper.control {
                readErrors()
                let error = keeper.listen(&buffer)
                for step in keeper.takeSteps() { stepped(step) }
                if let error { templateFailed(error) }
            } else if descriptor.fd == keeper.errors {
                readErrors()
            } else if workers[descriptor.fd] != nil {
                if descriptor.revents & Int16(POLLOUT) != 0 { workers[descriptor.fd]?.lease?.resume() }
                if descriptor.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { listen(to: descriptor.fd) }
            }
        }
    }

    private func publish() {
        let busy = workers.values.count { $0.lease != nil }
        let ready = workers.values.count { $0.processID != nil }
        let load = RecognizerLoad(ready: ready, busy: busy, waiting: waiting.liveCount, capacity: decoders)
        published.withLock {
            $0.load = load
            $0.statistics = statistics
            $0.statistics.templates = keeper.starts
            $0.processIDs = workers.values.compactMap(\.processID)
        }
        if !hasStarted, ready >= decoders {
            hasStarted = true
            for continuation in starting { continuation.resume() }
            starting = []
        }
    }

    // MARK: - the template

    private func keepTemplate() {
        if let error = keeper.keep(now: now) { return templateFailed(error) }
        if configuration.measuresDecoders, let streams = keeper.realTimeStreams {
            // Of several measurements the best: one that was started again on a busy machine comes out too low.
            mostRealTimeStreams = max(mostRealTimeStreams, streams)
            decoders = min(configuration.decoders, mostRealTimeStreams)
        }
        while keeper.isLoaded, workers.count < decoders {
            guard let socket = keeper.fork() else {
                readErrors()
                return templateFailed(keeper.ended)
            }
            workers[socket] = DecoderProcess(askedAt: now)
        }
    }

    private func templateFailed(_ error: any Error) {
        if hasStarted {
            if configuration.sharesProcess { statistics.crashes += 1 }
            let pause = keeper.restart(now: now)
            report(.templateEnded(retryInMS: pause, reason: "\(error)"))
            // Who waits as long as it takes must not wait for what cannot be loaded any more.
            guard keeper.isBroken, !workers.values.contains(where: { $0.processID != nil }) else { return }
            let failure = SpeechError(
                .recogniserFailed, "The recogniser cannot be loaded again: \(error)",
                advice: "`mynah models verify` tells whether its model is damaged.")
            for lease in waiting.takePatient(isLimited: configuration.waitForDecoderMS != nil) { fail(lease, failure) }
        } else {
            // A model that cannot be loaded at the start is the operator's to mend.
            for continuation in starting { continuation.resume(throwing: error) }
            starting = []
            keeper.end(patienceMS: Self.stopPatienceMS)
            isStopping = true
        }
    }

    private func readErrors() {
        for line in keeper.readErrors(&buffer) { report(.printed(line)) }
    }

    // MARK: - the workers

    private func listen(to socket: CInt) {
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT)) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { break }
            guard count > 0 else {
                // A slot goes with its process, which is counted where its end is noticed.
                if !configuration.sharesProcess {
                    statistics.crashes += 1
                    if let processID = workers[socket]?.processID { report(.crashed(processID: processID)) }
                }
                return lose(socket)
            }
            buffer.withUnsafeBytes { workers[socket]?.reader.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            if count < buffer.count { break }
        }
        do {
            while let (header, payload) = try workers[socket]?.reader.next() { receive(header, payload, from: socket) }
        } catch {
            kill(socket)
        }
    }

    private func receive(_ header: WorkerMessage.Header, _ payload: ArraySlice<UInt8>, from socket: CInt) {
        guard let worker = workers[socket] else { return }
        sharedHeardAt = now
        var reader = PayloadReader(payload)
        if header.kind == .hello {
            workers[socket]?.processID = reader.integer().map(Int32.init(bitPattern:))
            keeper.prove()
            return
        }
        guard let lease = worker.lease, header.utterance == worker.utterance else { return }
        switch header.kind {
        case .progress:
            lease.heard(through: Int(reader.integer() ?? 0))
        case .partial:
            guard let samples = reader.integer(), let hypothesis = reader.hypothesis() else { return kill(socket) }
            lease.heard(through: Int(samples))
            if !lease.isCancelled {
                lease.observer.recognition(lease.request.key, updated: .partial(hypothesis, throughSample: Int(samples)))
            }
        case .final:
            guard let hypothesis = reader.hypothesis() else { return kill(socket) }
            let adaptation = reader.text()
            release(socket)
            if !lease.isCancelled {
                lease.observer.recognition(
                    lease.request.key, updated: .final(hypothesis, adaptation: adaptation.flatMap { $0.isEmpty ? nil : $0 }))
            }
        case .cancelled:
            release(socket)
        case .failed:
            report(.printed(reader.text() ?? "a decoder failed"))
            kill(socket)
        default:
            kill(socket)
        }
    }

    /// The worker is free again.
    private func release(_ socket: CInt) {
        workers[socket]?.lease?.close()
        workers[socket]?.lease = nil
    }

    /// Takes the decoder away from a lease that stays. The process is replaced, which is quicker than to wait until it has noticed.
    private func free(_ lease: Lease) {
        waiting.remove(lease)
        guard let socket = workers.first(where: { $0.value.lease === lease })?.key else { return }
        lease.detach()
        workers[socket]?.lease = nil
        kill(socket)
    }

    private func kill(_ socket: CInt) {
        // A slot ends when its socket does, and its neighbours have done nothing wrong.
        if !configuration.sharesProcess, let processID = workers[socket]?.processID { Glibc.kill(processID, SIGKILL) }
        lose(socket)
    }

    /// The worker is gone; its utterance is decoded once more by another.
    private func lose(_ socket: CInt) {
        guard let worker = workers.removeValue(forKey: socket) else { return }
        worker.lease?.detach()
        close(socket)
        guard let lease = worker.lease else { return }
        if lease.isCancelled {
            lease.close()
        } else if worker.attempt >= 2 {
            fail(
                lease,
                SpeechError(
                    .recogniserFailed, "The recogniser failed twice on one utterance.",
                    advice: "Later speech is not affected; repeat what was said."))
        } else {
            statistics.replays += 1
            waiting.addAgain(lease, attempt: worker.attempt + 1, at: now)
        }
    }

    private func fail(_ lease: Lease, _ error: SpeechError) {
        statistics.failures += 1
        lease.close()
        lease.observer.recognition(lease.request.key, updated: .failed(error))
    }

    private func assign() {
        guard !waiting.isEmpty else { return }
        for (socket, worker) in workers where worker.processID != nil && worker.lease == nil {
            guard let next = waiting.next(askedAt: worker.askedAt) else { continue }
            workers[socket]?.lease = next.lease
            workers[socket]?.attempt = next.attempt
            workers[socket]?.utterance = nextUtterance
            next.lease.attach(socket: socket, utterance: nextUtterance)
            nextUtterance &+= 1
        }
    }

    private func refuseExcess() {
        guard let limit = configuration.maximumWaiting else { return }
        for lease in waiting.takeExcess(beyond: limit) {
            fail(
                lease,
                SpeechError(
                    .overloaded, "\(limit) utterances wait for a recogniser already.",
                    advice: "Try again in a moment; the operator can raise resilience.bulkhead.max_queue_size, or stt.decoders."))
        }
    }

    private func checkTime() {
        let now = now
        let hang = UInt64(configuration.hangTimeoutMS) * 1_000_000
        if configuration.sharesProcess { checkSharedProcess(now: now, limit: hang) }
        for socket in workers.keys {
            if !configuration.sharesProcess, workers[socket]?.isStuck(now: now, limit: hang) == true {
                statistics.hangs += 1
                if let processID = workers[socket]?.processID { report(.hung(processID: processID)) }
                kill(socket)
            } else if let worker = workers[socket], worker.processID == nil, now > worker.askedAt + 10_000_000_000 {
                lose(socket)
            }
        }
        guard let limit = configuration.waitForDecoderMS else { return }
        let waited = UInt64(limit) * 1_000_000
        for lease in waiting.takeLate(since: now > waited ? now - waited : 0) {
            fail(
                lease,
                SpeechError(
                    .overloaded, "No recogniser became free within \(limit) ms.",
                    advice: "Try again in a moment; the operator can raise stt.decoders or add cores."))
        }
    }

    /// It is stuck when it owes answers to some, and none of its decoders has said a word for so long.
    private func checkSharedProcess(now: UInt64, limit: UInt64) {
        guard let processID = workers.values.lazy.compactMap(\.processID).first else { return }
        let owed = workers.values.lazy.compactMap { $0.lease?.owedSince }.min().map { max($0, self.sharedHeardAt) }
        guard sharedWatch.isStuck(processID: processID, owedSince: owed, now: now, limit: limit) else { return }
        statistics.hangs += 1
        report(.hung(processID: processID))
        _ = keeper.restart(now: now)
        for socket in workers.keys { lose(socket) }
    }

    private func end() {
        for order in orders.close() { refuse(order) }
        let stopped = SpeechError(.shuttingDown, "The recogniser is stopping.", advice: "Connect again when the server is back.")
        for lease in waiting.takeAll() { fail(lease, stopped) }
        for (socket, worker) in workers {
            worker.lease?.detach()
            close(socket)
            if let lease = worker.lease, !lease.isCancelled { fail(lease, stopped) }
        }
        workers = [:]
        keeper.end(patienceMS: Self.stopPatienceMS)
        for continuation in starting { continuation.resume(throwing: stopped) }
        publish()
        for continuation in stopping { continuation.resume() }
    }
}
