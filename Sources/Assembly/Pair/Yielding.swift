import ServiceLifecycle

/// Lets the other server answer before this one stops.
struct Yielding: Service {
    let pair: ServerPair
    func run() async throws {
        try? await gracefulShutdown()
        await pair.yield()
    }
}
