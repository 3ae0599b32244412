import Glibc
import Lanes
import Ports
import SpeechModel
import Synchronization

/// The one thread that owns a pool's process: spawns, hands it one job at a time, listens, notices death and silence, replaces.
// @unchecked: everything below "thread-confined" is touched only by `run` and what it calls, on the supervisor's own thread; `orders`
// and `processID` are for any thread; the rest is immutable.
final class JobSupervisor: @unchecked Sendable {
    enum Order {
        case start(CheckedContinuation<[JobValue], any Error>)
        case begin(Job)
        case attend
        case stop(CheckedContinuation<Void, Never>)

        var isStop: Bool { if case .stop = self { true } else { false } }
    }

    /// A job that the process has.
    private struct Current {
        let job: Job
        let attempt: Int
        let socket: CInt
        var unsent: [UInt8]
        var sent = 0
        var reader = MessageReader()
        var result: [JobValue] = []
        var heardAt: UInt64

        init(_ job: Job, attempt: Int, socket: CInt, now: UInt64) {
            self.job = job
            self.attempt = attempt
            self.socket = socket
            heardAt = now
            var writer = MessageWriter()
            for value in job.request { value.write(.audio, to: &writer) }
            writer.write(.finish, utterance: 0)
            unsent = writer.bytes
        }

        /// Sends what the process takes at the moment.
        mutating func send() {
            while sent < unsent.count {
                let count = unsent.withUnsafeBytes {
                    Glibc.send(socket, $0.baseAddress! + sent, $0.count - sent, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
                }
                if count < 0 && errno == EINTR { continue }
                // Full, or gone: the one tells poll(2), the other the control socket.
                guard count > 0 else { return }
                sent += count
            }
            unsent = []
            sent = 0
        }
    }

    private static let stopPatienceMS = 300

    private let configuration: JobPool.Configuration
    private let clock: any Clock
    private let report: @Sendable (WorkerIncident) -> Void
    private let orders = OrderBox<Order>()
    let processID = Mutex<Int32?>(nil)

    // thread-confined
    private var keeper: TemplateKeeper
    private var current: Current?
    private var waiting: [(job: Job, attempt: Int)] = []
    private var starting: [CheckedContinuation<[JobValue], any Error>] = []
    private var stopping: [CheckedContinuation<Void, Never>] = []
    private var isStopping = false
    private var hasStarted = false
    /// Why the last process could not load its model; jobs fail with it until one can.
    private var broken: SpeechError?
    private var watch = HangWatch()
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init(configuration: JobPool.Configuration, clock: any Clock, report: @escaping @Sendable (WorkerIncident) -> Void) {
        self.configuration = configuration
        self.clock = clock
        self.report = report
        keeper = TemplateKeeper(command: configuration.command, loadTimeoutMS: configuration.loadTimeoutMS)
    }

    func start(_ continuation: CheckedContinuation<[JobValue], any Error>) {
        let isFirst = orders.open()
        post(.start(continuation))
        if isFirst { spawnThread(name: "jobs-io") { self.run() } }
    }

    /// Hands an order to the thread. After the pool has stopped, orders are answered at once.
    func post(_ order: Order) {
        if !orders.post(order, isStop: order.isStop) { refuse(order) }
    }

    private func refuse(_ order: Order) {
        let stopped = SpeechError(.shuttingDown, "The server is stopping.", advice: "Try again when it is back.")
        switch order {
        case .start(let continuation): continuation.resume(throwing: stopped)
        case .begin(let job): job.end(.failure(stopped))
        case .attend: break
        case .stop(let continuation): continuation.resume()
        }
    }

    // MARK: - the thread

    private func run() {
        while true {
            takeOrders()
            if isStopping { break }
            if let error = keeper.keep(now: now) { processFailed(error) }
            publish()
            assign()
            checkTime()
            wait()
        }
        end()
    }

    private var now: UInt64 { clock.monotonicNanoseconds }

    private func takeOrders() {
        for order in orders.take() {
            switch order {
            case .start(let continuation):
                if let broken { continuation.resume(throwing: broken) } else { starting.append(continuation) }
            case .begin(let job):
                if let broken {
                    job.end(.failure(broken))
                    continue
                }
                // What nobody wants any more takes nobody's place.
                waiting.removeAll { !$0.job.isWanted }
                guard waiting.count < configuration.maximumWaiting else {
                    job.end(
                        .failure(
                            SpeechError(
                                .overloaded, "\(configuration.maximumWaiting) jobs of this kind wait already.",
                                advice: "Try again in a moment.")))
                    continue
                }
                waiting.append((job, 1))
            case .attend: break
            case .stop(let continuation):
                stopping.append(continuation)
                isStopping = true
            }
        }
        waiting.removeAll { !$0.job.isWanted }
        // The process notices when it says something, and takes the next job then.
        if let current, !current.job.isWanted { release() }
    }

    private func publish() {
        processID.withLock { $0 = keeper.isLoaded ? keeper.processID : nil }
        guard keeper.isLoaded else { return }
        keeper.prove()
        hasStarted = true
        broken = nil
        for continuation in starting { continuation.resume(returning: keeper.greeting) }
        starting = []
    }

    private func assign() {
        guard current == nil, keeper.isLoaded, !waiting.isEmpty else { return }
        guard let socket = keeper.fork() else {
            readErrors()
            return processFailed(keeper.ended)
        }
        let (job, attempt) = waiting.removeFirst()
        current = Current(job, attempt: attempt, socket: socket, now: now)
        current?.send()
    }

    private func checkTime() {
        guard let processID = keeper.processID else { return }
        let limit = UInt64(configuration.hangTimeoutMS) * 1_000_000
        guard watch.isStuck(processID: processID, owedSince: current?.heardAt, now: now, limit: limit) else { return }
        report(.hung(processID: processID))
        _ = keeper.restart(now: now)
        lose()
    }

    private func wait() {
        var descriptors = [pollfd(fd: orders.descriptor, events: Int16(POLLIN), revents: 0)]
        for descriptor in [keeper.control, keeper.errors] {
            if let descriptor { descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
        }
        if let current {
            let events = POLLIN | (current.unsent.isEmpty ? 0 : POLLOUT)
            descriptors.append(pollfd(fd: current.socket, events: Int16(events), revents: 0))
        }
        let isTimed = keeper.isTimed || !keeper.isLoaded || current != nil
        guard poll(&descriptors, nfds_t(descriptors.count), isTimed ? 50 : -1) > 0 else { return }
        for descriptor in descriptors where descriptor.revents != 0 {
            if descriptor.fd == orders.descriptor {
                orders.acknowledge()
            } else if descriptor.fd == current?.socket {
                if descriptor.revents & Int16(POLLOUT) != 0 { current?.send() }
                if descriptor.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { listen() }
            } else if descriptor.fd == keeper.errors {
                readErrors()
            } else if descriptor.fd == keeper.control {
                readErrors()
                if let error = keeper.listen(&buffer) { processFailed(error) }
            }
        }
    }

    private func listen() {
        guard let socket = current?.socket else { return }
        let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT)) }
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return }
        guard count > 0 else { return hearEnd() }
        current?.heardAt = now
        buffer.withUnsafeBytes { current?.reader.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        do {
            while let (header, payload) = try current?.reader.next() { receive(header, payload) }
        } catch {
            lose()
        }
    }

    /// The job's socket is closed without an answer. Most likely the process is gone: then its control socket says so in a moment, and the
    /// job must not be given to it once more before.
    private func hearEnd() {
        if let control = keeper.control {
            var descriptor = pollfd(fd: control, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, 100) > 0 {
                readErrors()
                if let error = keeper.listen(&buffer) { return processFailed(error) }
            }
        }
        lose()
    }

    private func receive(_ header: WorkerMessage.Header, _ payload: ArraySlice<UInt8>) {
        var reader = PayloadReader(payload)
        switch header.kind {
        case .progress: current?.job.progress(Double(reader.integer() ?? 0) / 1000)
        case .partial: if let value = JobValue(payload) { current?.result.add(value) }
        case .final: finish(.success(current?.result ?? []))
        default: finish(.failure(failure(reader.text() ?? "for an unknown reason")))
        }
    }

    private func finish(_ outcome: Result<[JobValue], any Error>) {
        current?.job.end(outcome)
        release()
    }

    private func release() {
        if let socket = current?.socket { close(socket) }
        current = nil
    }

    /// The process is gone, or as good as gone; its job is done once more by the next one.
    private func lose() {
        guard let lost = current else { return }
        release()
        if lost.attempt >= 2 {
            lost.job.end(.failure(failure("its process ended twice over it")))
        } else {
            waiting.insert((lost.job, lost.attempt + 1), at: 0)
        }
    }

    private func failure(_ reason: String) -> SpeechError {
        SpeechError(
            configuration.failure, "The model \(configuration.command.last ?? "") failed: \(reason)",
            advice: "Try something else; `mynah models verify` tells whether the model is damaged.")
    }

    private func readErrors() {
        for line in keeper.readErrors(&buffer) { report(.printed(line)) }
    }

    private func processFailed(_ error: any Error) {
        lose()
        if hasStarted {
            report(.templateEnded(retryInMS: keeper.restart(now: now), reason: "\(error)"))
            // What ended one process can be a job; what keeps another from loading its model is the model, and nobody is to wait for it.
            guard keeper.isBroken else { return }
            let failure = failure("\(error)")
            broken = failure
            for entry in waiting { entry.job.end(.failure(failure)) }
            waiting = []
            for continuation in starting { continuation.resume(throwing: failure) }
            starting = []
        } else {
            // A model that cannot be loaded at the start is the operator's to mend.
            for continuation in starting { continuation.resume(throwing: error) }
            starting = []
            keeper.end(patienceMS: Self.stopPatienceMS)
            isStopping = true
        }
    }

    private func end() {
        for order in orders.close() { refuse(order) }
        for entry in waiting { refuse(.begin(entry.job)) }
        if let current { refuse(.begin(current.job)) }
        release()
        keeper.end(patienceMS: Self.stopPatienceMS)
        for continuation in starting { refuse(.start(continuation)) }
        processID.withLock { $0 = nil }
        for continuation in stopping { continuation.resume() }
    }
}
