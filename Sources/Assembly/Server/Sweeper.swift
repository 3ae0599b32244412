import Application
import HTTPEdge
import Logging
import PipelineFeed
import ServiceLifecycle

/// Forgets sessions whose client did not come back, and takes up models that were added.
struct Sweeper: Service {
    let registry: SessionRegistry
    let hub: FeedHub
    let models: LiveModels?
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                registry.sweep()
                hub.sweep()
                models?.look(logger)
                try? await Task.sleep(for: .seconds(1))
            }
        }
        registry.endAll()
    }
}
