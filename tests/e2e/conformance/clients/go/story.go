// The story of two people, told by a client that protoc made for Go.
//
//	story ALICE BOB      the addresses of the two nodes
//
// Nothing in it is known of the nodes but what Berty's proto files say.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"story/errcode"
	pt "story/protocoltypes"
)

const wait = 60 * time.Second

type person struct {
	name    string
	api     pt.ProtocolServiceClient
	account []byte
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		panic(err)
	}
}

func holds(truth bool, what string) {
	if !truth {
		check(errors.New("not so: " + what))
	}
}

func newPerson(ctx context.Context, name, address string) *person {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	p := &person{name: name, api: pt.NewProtocolServiceClient(conn)}
	config, err := p.api.InstanceGetConfiguration(ctx,
		&pt.InstanceGetConfiguration_Request{})
	check(err)
	holds(bytes.Equal(config.AccountPk, config.AccountGroupPk), "keys")
	p.account = config.AccountPk
	return p
}

// metadata reads events, those that are there and those to come, until one is
// wanted.
func (p *person) metadata(ctx context.Context, group []byte,
	wanted func(*pt.GroupMetadataEvent) bool) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	events, err := p.api.GroupMetadataList(ctx,
		&pt.GroupMetadataList_Request{GroupPk: group})
	check(err)
	for {
		event, err := events.Recv()
		check(err)
		if wanted(event) {
			return
		}
	}
}

func (p *person) event(ctx context.Context, group []byte, kind pt.EventType,
	into proto.Message) {
	p.metadata(ctx, group, func(e *pt.GroupMetadataEvent) bool {
		if e.Metadata.EventType != kind {
			return false
		}
		check(proto.Unmarshal(e.Event, into))
		return true
	})
}

func (p *person) message(ctx context.Context, group []byte,
	text string) *pt.GroupMessageEvent {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	events, err := p.api.GroupMessageList(ctx,
		&pt.GroupMessageList_Request{GroupPk: group})
	check(err)
	for {
		event, err := events.Recv()
		check(err)
		if string(event.Message) == text {
			return event
		}
	}
}

func (p *person) say(ctx context.Context, group []byte, text string,
	files ...[]byte) []byte {
	reply, err := p.api.AppMessageSend(ctx, &pt.AppMessageSend_Request{
		GroupPk: group, Payload: []byte(text), AttachmentCids: files})
	check(err)
	return reply.Cid
}

func (p *person) info(ctx context.Context, group []byte) *pt.GroupInfo_Reply {
	info, err := p.api.GroupInfo(ctx, &pt.GroupInfo_Request{GroupPk: group})
	check(err)
	return info
}

func (p *person) activate(ctx context.Context, group []byte) {
	_, err := p.api.ActivateGroup(ctx,
		&pt.ActivateGroup_Request{GroupPk: group})
	check(err)
}

// knows waits until the other's device gave its key to this member.
func (p *person) knows(ctx context.Context, other *person, group []byte) {
	own, theirs := p.info(ctx, group), other.info(ctx, group)
	p.metadata(ctx, group, func(e *pt.GroupMetadataEvent) bool {
		given := &pt.GroupAddDeviceSecret{}
		if e.Metadata.EventType !=
			pt.EventType_EventTypeGroupDeviceSecretAdded {
			return false
		}
		check(proto.Unmarshal(e.Event, given))
		return bytes.Equal(given.DevicePk, theirs.DevicePk) &&
			bytes.Equal(given.DestMemberPk, own.MemberPk)
	})
}

func becomeContacts(ctx context.Context, alice, bob *person) []byte {
	reference, err := alice.api.ContactRequestResetReference(ctx,
		&pt.ContactRequestResetReference_Request{})
	check(err)
	_, err = alice.api.ContactRequestEnable(ctx,
		&pt.ContactRequestEnable_Request{})
	check(err)
	_, err = bob.api.ContactRequestSend(ctx, &pt.ContactRequestSend_Request{
		Contact: &pt.ShareableContact{Pk: alice.account,
			PublicRendezvousSeed: reference.PublicRendezvousSeed,
			Metadata:             []byte(alice.name)},
		OwnMetadata: []byte(bob.name)})
	check(err)
	request := &pt.AccountContactRequestReceived{}
	alice.event(ctx, alice.account,
		pt.EventType_EventTypeAccountContactRequestIncomingReceived,
		request)
	holds(bytes.Equal(request.ContactPk, bob.account), "who asks")
	holds(string(request.ContactMetadata) == bob.name, "the name")
	_, err = alice.api.ContactRequestAccept(ctx,
		&pt.ContactRequestAccept_Request{ContactPk: bob.account})
	check(err)
	bob.event(ctx, bob.account,
		pt.EventType_EventTypeAccountContactRequestOutgoingSent,
		&pt.AccountContactRequestSent{})
	mine, err := alice.api.GroupInfo(ctx,
		&pt.GroupInfo_Request{ContactPk: bob.account})
	check(err)
	theirs, err := bob.api.GroupInfo(ctx,
		&pt.GroupInfo_Request{ContactPk: alice.account})
	check(err)
	holds(proto.Equal(mine.Group, theirs.Group), "one group")
	holds(mine.Group.GroupType == pt.GroupType_GroupTypeContact, "its type")
	return mine.Group.PublicKey
}

func talk(ctx context.Context, alice, bob *person, group []byte) {
	alice.activate(ctx, group)
	bob.activate(ctx, group)
	alice.knows(ctx, bob, group)
	bob.knows(ctx, alice, group)
	listening, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	live, err := alice.api.GroupMessageList(listening,
		&pt.GroupMessageList_Request{GroupPk: group, SinceNow: true})
	check(err)
	_, err = live.Header()
	check(err)
	cid := bob.say(ctx, group, "hello alice")
	event, err := live.Recv()
	check(err)
	holds(bytes.Equal(event.EventContext.Id, cid), "the id")
	alice.say(ctx, group, "hello bob")
	bob.message(ctx, group, "hello bob")
}

func makeAGroup(ctx context.Context, alice, bob *person) {
	made, err := alice.api.MultiMemberGroupCreate(ctx,
		&pt.MultiMemberGroupCreate_Request{})
	check(err)
	_, err = alice.api.AppMetadataSend(ctx, &pt.AppMetadataSend_Request{
		GroupPk: made.GroupPk, Payload: []byte("Hikers")})
	check(err)
	invitation, err := alice.api.MultiMemberGroupInvitationCreate(ctx,
		&pt.MultiMemberGroupInvitationCreate_Request{
			GroupPk: made.GroupPk})
	check(err)
	_, err = bob.api.MultiMemberGroupJoin(ctx,
		&pt.MultiMemberGroupJoin_Request{Group: invitation.Group})
	check(err)
	bob.activate(ctx, made.GroupPk)
	name := &pt.AppMetadata{}
	bob.event(ctx, made.GroupPk,
		pt.EventType_EventTypeGroupMetadataPayloadSent, name)
	holds(string(name.Message) == "Hikers", "the group's name")
	talk(ctx, alice, bob, made.GroupPk)
}

func sendAFile(ctx context.Context, alice, bob *person, group []byte) {
	file := bytes.Repeat([]byte("0123456789abcdef"), 16000)
	pieces, err := alice.api.AttachmentPrepare(ctx)
	check(err)
	check(pieces.Send(&pt.AttachmentPrepare_Request{}))
	for at := 0; at < len(file); at += 50000 {
		check(pieces.Send(&pt.AttachmentPrepare_Request{
			Block: file[at:min(at+50000, len(file))]}))
	}
	prepared, err := pieces.CloseAndRecv()
	check(err)
	alice.say(ctx, group, "a file", prepared.AttachmentCid)
	event := bob.message(ctx, group, "a file")
	holds(bytes.Equal(event.EventContext.AttachmentCids[0],
		prepared.AttachmentCid), "the file's id")
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	blocks, err := bob.api.AttachmentRetrieve(ctx,
		&pt.AttachmentRetrieve_Request{
			AttachmentCid: prepared.AttachmentCid})
	check(err)
	var got []byte
	for {
		block, err := blocks.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		check(err)
		got = append(got, block.Block...)
	}
	holds(bytes.Equal(got, file), "the file")
}

// fail looks for the code where Berty's own client has it: in the details.
func fail(ctx context.Context, alice *person) {
	_, err := alice.api.GroupInfo(ctx, &pt.GroupInfo_Request{})
	details := status.Convert(err).Details()
	holds(len(details) == 1, "one detail")
	found, ok := details[0].(*errcode.ErrDetails)
	holds(ok && len(found.Codes) == 1 &&
		found.Codes[0] == errcode.ErrCode_ErrInvalidInput, "its code")
}

func main() {
	ctx := context.Background()
	alice := newPerson(ctx, "alice", os.Args[1])
	bob := newPerson(ctx, "bob", os.Args[2])
	group := becomeContacts(ctx, alice, bob)
	talk(ctx, alice, bob, group)
	makeAGroup(ctx, alice, bob)
	sendAFile(ctx, alice, bob, group)
	fail(ctx, alice)
	fmt.Println("the story is told")
}
