import SpeechModel

/// The reference that the server itself serves: every path, and every error code of the catalogue.
enum Reference {
    private static let paths: [(path: String, summary: String, type: String)] = [
        ("/", "The captions page", "text/html"),
        (
            "/v1/asr/stream",
            "Live transcription over WebSocket: start, audio, end; ack, partial, final, finalised, ended, error",
            "application/json"
        ),
        ("/health", "Health of the parts", "application/json"),
        ("/livez", "Whether the process answers", "application/json"),
        ("/readyz", "200 when utterances are taken, else 503 with the reason", "application/json"),
        ("/status", "Sessions, decoders and versions (loopback or metrics listener)", "application/json"),
        ("/metrics", "Prometheus text (loopback or metrics listener)", "text/plain"),
        ("/docs", "This page", "text/html"),
        ("/openapi.json", "This reference as OpenAPI 3.1", "application/json"),
    ]

    /// OpenAPI 3.1.
    static let openAPI: String = {
        let operations = paths.map {
            """
            "\($0.path)":{"get":{"summary":"\($0.summary)","responses":{"200":{"description":"OK","content":{"\($0.type)":{}}},\
            "default":{"description":"A problem","content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}}}}}
            """
        }
        let codes = ErrorCode.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
        return """
            {"openapi":"3.1.0","info":{"title":"Mynah","version":"0.1.0"},"paths":{\(operations.joined(separator: ","))},\
            "components":{"schemas":{"Problem":{"type":"object","properties":{"type":{"type":"string"},"title":{"type":"string"},\
            "status":{"type":"integer"},"code":{"type":"string","enum":[\(codes)]},"detail":{"type":"string"},\
            "request_id":{"type":"string"}}}}}}
            """
    }()

    /// The same for people.
    static let html: String = {
        let rows = paths.map { "<tr><td><code>\($0.path)</code></td><td>\($0.summary)</td></tr>" }.joined(separator: "\n")
        let codes = ErrorCode.allCases.map {
            "<tr id=\"\($0.rawValue)\"><td><code>\($0.rawValue)</code></td><td>\($0.httpStatus)</td><td>\($0.meaning)</td></tr>"
        }.joined(separator: "\n")
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Mynah: reference</title><link rel="stylesheet" href="/captions/captions.css"></head><body><main>
            <h1>Mynah</h1><h2>Paths</h2><table>\(rows)</table>
            <h2>Error codes</h2><table>\(codes)</table></main></body></html>
            """.replacing("`", with: "")
    }()
}
