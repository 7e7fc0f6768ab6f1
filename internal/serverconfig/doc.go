// Package serverconfig finds the mistakes in the settings of a receiver's server that the Collector's own packages leave
// to the start of the server, each with its field, its value and the way out. It neither listens nor serves.
package serverconfig
