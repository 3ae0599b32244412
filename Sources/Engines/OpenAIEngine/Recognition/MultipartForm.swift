/// A body of `multipart/form-data` (RFC 7578).
struct MultipartForm {
    let boundary: String
    private var bytes: [UInt8] = []

    /// - Parameter boundary: must not occur in what is added.
    init(boundary: String) { self.boundary = boundary }

    var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    mutating func add(_ name: String, _ value: String) {
        bytes += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
    }

    mutating func add(_ name: String, file: [UInt8], named fileName: String, type: String) {
        let head = "Content-Disposition: form-data; name=\"\(name)\"; filename=\"\(fileName)\"\r\nContent-Type: \(type)"
        bytes += Array("--\(boundary)\r\n\(head)\r\n\r\n".utf8) + file + Array("\r\n".utf8)
    }

    /// All of it.
    var body: [UInt8] { bytes + Array("--\(boundary)--\r\n".utf8) }
}
