// The story of two people, told by a web client: pbjs made its messages,
// grpc-web of Improbable carries them, as in Berty's own app.
//
//     story.js WEB_A SOCKET_A WEB_B SOCKET_B
//
// the addresses of each node for requests and for websockets.  What a browser
// cannot do by requests, to send a stream, goes by a websocket.
"use strict"

const { grpc } = require("@improbable-eng/grpc-web")
const { NodeHttpTransport } = require(
	"@improbable-eng/grpc-web-node-http-transport")
globalThis.WebSocket = require("ws")
const { berty, google } = require("./messages.js")

const types = berty.protocol.v1
const Event = types.EventType
const SERVICE = "berty.protocol.v1.ProtocolService"
const WAIT = 60000

const text = (bytes) => Buffer.from(bytes).toString()
const bytes = (string) => Buffer.from(string)
const same = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0

function holds(truth, what) {
	if (!truth) throw new Error("not so: " + what)
}

// What grpc-web wants to know of a call.
function method(name, requestStream, responseStream) {
	const Reply = {
		GroupMetadataList: types.GroupMetadataEvent,
		GroupMessageList: types.GroupMessageEvent,
	}[name] || types[name].Reply
	return {
		methodName: name,
		service: { serviceName: SERVICE },
		requestStream,
		responseStream,
		requestType: types[name].Request,
		responseType: {
			deserializeBinary: (data) => {
				const reply = Reply.decode(data)
				reply.toObject = () => Reply.toObject(reply)
				return reply
			},
		},
	}
}

function message(name, fields) {
	const Request = types[name].Request
	const request = Request.create(fields)
	return { serializeBinary: () => Request.encode(request).finish() }
}

class Failure extends Error {
	constructor(status, said, trailers) {
		super(`${status}: ${said}`)
		this.status = status
		this.trailers = trailers
	}
}

class Person {
	constructor(name, web, socket) {
		this.name = name
		this.web = web
		this.socket = socket
	}

	// A call with one request; each reply is given to take, which says
	// whether that is enough.
	stream(name, fields, take, streams = true) {
		return new Promise((resolve, reject) => {
			const call = grpc.client(method(name, false, streams), {
				host: this.web,
				transport: NodeHttpTransport(),
			})
			const timer = setTimeout(() => {
				call.close()
				reject(new Error(`${name}: waited in vain`))
			}, WAIT)
			const end = (done, value) => {
				clearTimeout(timer)
				done(value)
			}
			call.onMessage((reply) => {
				if (!take(reply)) return
				call.close()
				end(resolve, reply)
			})
			call.onEnd((status, said, trailers) => status === grpc.Code.OK
				? end(resolve)
				: end(reject, new Failure(status, said, trailers)))
			call.start()
			call.send(message(name, fields))
			call.finishSend()
		})
	}

	async call(name, fields = {}) {
		let reply
		await this.stream(name, fields, (r) => {
			reply = r
			return false
		}, false)
		return reply
	}

	// A stream of requests, over a websocket.
	upload(name, requests) {
		return new Promise((resolve, reject) => {
			let reply
			const call = grpc.client(method(name, true, false), {
				host: this.socket,
				transport: grpc.WebsocketTransport(),
			})
			call.onMessage((r) => { reply = r })
			call.onEnd((status, said, trailers) => status === grpc.Code.OK
				? resolve(reply)
				: reject(new Failure(status, said, trailers)))
			call.start()
			for (const fields of requests) call.send(message(name, fields))
			call.finishSend()
		})
	}

	event(group, number, kind, wanted = () => true) {
		let found
		return this.stream("GroupMetadataList", { groupPk: group }, (e) => {
			if (e.metadata.eventType !== number) return false
			found = kind.decode(e.event)
			return wanted(found)
		}).then(() => found)
	}

	message(group, wanted) {
		return this.stream("GroupMessageList", { groupPk: group },
			(e) => text(e.message) === wanted)
	}

	say(group, what, files = []) {
		return this.call("AppMessageSend", { groupPk: group,
			payload: bytes(what), attachmentCids: files })
	}

	async knows(other, group) {
		const own = await this.call("GroupInfo", { groupPk: group })
		const theirs = await other.call("GroupInfo", { groupPk: group })
		await this.event(group, Event.EventTypeGroupDeviceSecretAdded,
			types.GroupAddDeviceSecret, (given) =>
				same(given.devicePk, theirs.devicePk) &&
				same(given.destMemberPk, own.memberPk))
	}
}

async function becomeContacts(alice, bob) {
	for (const person of [alice, bob]) {
		const config = await person.call("InstanceGetConfiguration")
		person.account = config.accountPk
	}
	const reference = await alice.call("ContactRequestResetReference")
	await alice.call("ContactRequestEnable")
	await bob.call("ContactRequestSend", {
		contact: { pk: alice.account, metadata: bytes(alice.name),
			publicRendezvousSeed: reference.publicRendezvousSeed },
		ownMetadata: bytes(bob.name),
	})
	const request = await alice.event(alice.account,
		Event.EventTypeAccountContactRequestIncomingReceived,
		types.AccountContactRequestReceived)
	holds(same(request.contactPk, bob.account), "who asks")
	holds(text(request.contactMetadata) === bob.name, "the name")
	await alice.call("ContactRequestAccept", { contactPk: bob.account })
	await bob.event(bob.account,
		Event.EventTypeAccountContactRequestOutgoingSent,
		types.AccountContactRequestSent)
	const [a, b] = await Promise.all([
		alice.call("GroupInfo", { contactPk: bob.account }),
		bob.call("GroupInfo", { contactPk: alice.account })])
	holds(same(a.group.publicKey, b.group.publicKey), "one group")
	return a.group.publicKey
}

async function talk(alice, bob, group) {
	for (const person of [alice, bob])
		await person.call("ActivateGroup", { groupPk: group })
	await alice.knows(bob, group)
	await bob.knows(alice, group)
	await bob.say(group, "hello alice")
	await alice.message(group, "hello alice")
	await alice.say(group, "hello bob")
	await bob.message(group, "hello bob")
	const listed = []
	await bob.stream("GroupMessageList", { groupPk: group, untilNow: true },
		(e) => { listed.push(text(e.message)) })
	holds(listed.sort().join() === "hello alice,hello bob", "the list")
}

async function makeAGroup(alice, bob) {
	const { groupPk } = await alice.call("MultiMemberGroupCreate")
	await alice.call("AppMetadataSend", { groupPk, payload: bytes("Hikers") })
	const { group } = await alice.call("MultiMemberGroupInvitationCreate",
		{ groupPk })
	await bob.call("MultiMemberGroupJoin", { group })
	await bob.call("ActivateGroup", { groupPk })
	const name = await bob.event(groupPk,
		Event.EventTypeGroupMetadataPayloadSent, types.AppMetadata)
	holds(text(name.message) === "Hikers", "the group's name")
	await talk(alice, bob, groupPk)
}

async function sendAFile(alice, bob, group) {
	const file = Buffer.alloc(256000, "0123456789abcdef")
	const requests = [{}]
	for (let at = 0; at < file.length; at += 50000)
		requests.push({ block: file.subarray(at, at + 50000) })
	const { attachmentCid } = await alice.upload("AttachmentPrepare", requests)
	await alice.say(group, "a file", [attachmentCid])
	const event = await bob.message(group, "a file")
	holds(same(event.eventContext.attachmentCids[0], attachmentCid), "its id")
	const got = []
	await bob.stream("AttachmentRetrieve", { attachmentCid }, (reply) => {
		got.push(reply.block)
	})
	holds(same(Buffer.concat(got), file), "the file")
}

// The code is in the details, as of Go.
async function fail(alice) {
	try {
		await alice.call("GroupInfo")
	} catch (failure) {
		const [data] = failure.trailers.get("grpc-status-details-bin")
		const status = google.rpc.Status.decode(Buffer.from(data, "base64"))
		const { codes } = berty.errcode.ErrDetails.decode(
			status.details[0].value)
		holds(codes.length === 1 &&
			codes[0] === berty.errcode.ErrCode.ErrInvalidInput, "its code")
		return
	}
	holds(false, "no group is a group")
}

async function main([webA, socketA, webB, socketB]) {
	const alice = new Person("alice", webA, socketA)
	const bob = new Person("bob", webB, socketB)
	const group = await becomeContacts(alice, bob)
	await talk(alice, bob, group)
	await makeAGroup(alice, bob)
	await sendAFile(alice, bob, group)
	await fail(alice)
	console.log("the story is told")
}

main(process.argv.slice(2)).then(() => process.exit(0), (error) => {
	console.error(error)
	process.exit(1)
})
