import Glibc

/// Something that a lane runs when it was woken.
public protocol LaneClient: AnyObject, Sendable {
    /// Called on the lane's thread; must not block.
    func runOnLane()
    /// Called on the lane's thread for ``Lane/wakeLater(_:)``.
    func runLaterOnLane()
}

/// A dedicated, named thread with a first-in-first-out queue: the executor of session actors.
///
/// Waking a client allocates nothing once the queue has grown to its usual length. A client should keep itself from being queued twice,
/// which bounds the queue by the number of clients.
// @unchecked: `queue`, `laterQueue`, `stopping` and `thread` are touched only between pthread_mutex_lock and unlock of `mutex`; the rest is immutable.
public final class Lane: SerialExecutor, @unchecked Sendable {
    private enum Entry {
        case job(UnownedJob)
        case client(any LaneClient)
        case laterClient(any LaneClient)
    }

    /// The thread's name, as `top -H` shows it (15 characters are kept).
    public let name: String
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue = Ring()
    /// What runs when nothing is in `queue`.
    private var laterQueue = Ring()
    private var stopping = false
    private var thread: pthread_t?

    /// Makes the lane and starts its thread.
    public init(name: String) {
        self.name = name
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        spawnThread(name: name, isUrgent: true) { self.run() }
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Queues a client.
    public func wake(_ client: any LaneClient) { push(.client(client)) }

    /// Queues a client for when no other one is waiting: for work of which nobody is in need at once.
    public func wakeLater(_ client: any LaneClient) { push(.laterClient(client)) }

    public func enqueue(_ job: consuming ExecutorJob) { push(.job(UnownedJob(job))) }

    public func checkIsolated() {
        pthread_mutex_lock(mutex)
        let isHere = thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
        pthread_mutex_unlock(mutex)
        precondition(isHere, "called off the lane \(name)")
    }

    /// Ends the thread once everything queued has run. Nothing may be queued afterwards.
    public func stop() {
        pthread_mutex_lock(mutex)
        stopping = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func push(_ entry: Entry) {
        pthread_mutex_lock(mutex)
        let wasEmpty = queue.isEmpty && laterQueue.isEmpty
        if case .laterClient = entry { laterQueue.append(entry) } else { queue.append(entry) }
        if wasEmpty { pthread_cond_signal(condition) }
        pthread_mutex_unlock(mutex)
    }

    private func run() {
        pthread_mutex_lock(mutex)
        thread = pthread_self()
        pthread_mutex_unlock(mutex)
        while let entry = next() {
            switch entry {
            case .client(let client): client.runOnLane()
            case .laterClient(let client): client.runLaterOnLane()
            case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            }
        }
    }

    private func next() -> Entry? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let entry = queue.popFirst() ?? laterQueue.popFirst() { return entry }
            if stopping { return nil }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// A first-in-first-out queue that allocates only to grow.
    private struct Ring {
        private var entries = [Entry?](repeating: nil, count: 64)
        private var head = 0
        private var count = 0

        var isEmpty: Bool { count == 0 }

        mutating func append(_ entry: Entry) {
            if count == entries.count {
                entries = (0..<count * 2).map { $0 < count ? entries[(head + $0) % count] : nil }
                head = 0
            }
            entries[(head + count) % entries.count] = entry
            count += 1
        }

        mutating func popFirst() -> Entry? {
            guard count > 0 else { return nil }
            defer {
                entries[head] = nil
                head = (head + 1) % entries.count
                count -= 1
            }
            return entries[head]
        }
    }
}
