import Glibc
import Lanes
import Synchronization

/// A lane client that runs a closure.
final class Block: LaneClient {
    private let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    func runOnLane() { body() }
    func runLaterOnLane() { body() }
}

/// A list that threads append to.
final class Journal<Entry: Sendable>: Sendable {
    private let list = Mutex<[Entry]>([])
    var entries: [Entry] { list.withLock { $0 } }
    func append(_ entry: Entry) { list.withLock { $0.append(entry) } }
}

/// An actor whose executor is a lane.
actor Resident {
    nonisolated let lane: Lane
    private(set) var count = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }
    init(lane: Lane) { self.lane = lane }

    func increment() { count += 1 }
    /// Increments without a hop; only for callers on the lane.
    nonisolated func enter() { assumeIsolated { $0.increment() } }
    func thread() -> String { threadName() }
    func note(_ entry: String, in journal: Journal<String>) { journal.append(entry) }
}

extension Lane {
    /// Returns when everything that was queued before has run.
    func drained() async {
        await withCheckedContinuation { continuation in wake(Block { continuation.resume() }) }
    }
}

/// The calling thread's name as the kernel has it.
func threadName() -> String {
    let file = open("/proc/thread-self/comm", O_RDONLY)
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 16)
    let count = read(file, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
}

/// Has `body` called when the calling thread ends.
func onThreadEnd(_ body: @escaping @Sendable () -> Void) {
    var key = pthread_key_t()
    pthread_key_create(&key) { Unmanaged<Block>.fromOpaque($0!).takeRetainedValue().runOnLane() }
    pthread_setspecific(key, Unmanaged.passRetained(Block(body)).toOpaque())
}
