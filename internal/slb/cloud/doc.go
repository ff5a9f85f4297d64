// Package cloud calls Alibaba Cloud's APIs. It is the only code that uses the SDK, and makes of it what the SDK is not:
//
//   - safe for concurrent use: each call has an SDK client of its own, over one transport;
//   - cancellable: a call ends with its context;
//   - discreet: no key, token or signature is in an error;
//   - patient: what the API says to retry is retried with backoff, and nothing else;
//   - idempotent: a call whose reply was lost is sent again with the same ClientToken where the API takes one, and otherwise only if
//     it can be sent twice; else its error is of the kind Lost, and whoever called has to look what became of it (see Once).
package cloud
