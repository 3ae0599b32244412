import Glibc

/// Starts a detached thread with a name and runs `body` on it.
///
/// - Parameters:
///   - name: shown by `top -H` and debuggers; 15 bytes are kept.
///   - isUrgent: see ``makeThisThreadUrgent()``.
///   - body: the thread's whole life.
public func spawnThread(name: String, isUrgent: Bool = false, _ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(
        ThreadBox(
            name: name,
            body: {
                if isUrgent { makeThisThreadUrgent() }
                body()
            }))
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    let result = pthread_create(
        &thread, &attributes,
        { argument in
            let box = Unmanaged<ThreadBox>.fromOpaque(argument!).takeRetainedValue()
            nameThisThread(box.name)
            box.body()
            return nil
        }, box.toOpaque())
    pthread_attr_destroy(&attributes)
    // A process that cannot have another thread cannot go on in any useful way.
    precondition(result == 0, "pthread_create: error \(result)")
}

/// Linux names the thread that writes its own `comm`; glibc's call for it is hidden from Swift.
private func nameThisThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    var name = String(name.prefix(15))
    _ = name.withUTF8 { write(file, $0.baseAddress, $0.count) }
    close(file)
}

private final class ThreadBox: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}
