public import Hummingbird

/// Applies the ``AccessGuard`` to HTTP requests. Goes behind ``ProblemMiddleware``, which answers what this one throws.
public struct AccessMiddleware<Context: RequestContext>: RouterMiddleware {
    private let access: AccessGuard

    /// Makes the middleware.
    public init(_ access: AccessGuard) { self.access = access }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let error = access.check(request.head) { throw error }
        return try await next(request, context)
    }
}
