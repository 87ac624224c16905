"""Messages, parts, deltas, events and usage: constructors, how they print, compare, and what their methods give."""

import json
import warnings
from datetime import UTC, datetime
from typing import Any

EXPRESSIONS = """
TextPart('x')
TextPart('x',id='1',provider_name='p',provider_details={'a':1})
ThinkingPart('x',signature='s')
ToolCallPart('t',{'a':1},'id')
ToolCallPart('t',tool_call_id='id')
ToolCallPart('t','{"a":1','id').args_as_dict()
ToolCallPart('t','{"a":1}','id').args_as_dict()
ToolCallPart('t','[1]','id').args_as_dict()
ToolCallPart('t','[1]','id').args_as_dict(raise_if_invalid=True)
ToolCallPart('t','{"a":1','id').args_as_dict(raise_if_invalid=True)
ToolCallPart('t',None,'id').args_as_dict()
ToolCallPart('t','','id').args_as_json_str()
ToolCallPart('t',{'é':1},'id').args_as_json_str()
ToolCallPart('t',' {"a": 1}','id').args_as_json_str()
[ToolCallPart('t',a,'id').has_content() for a in (None,'',{}, '{}',{'a':None},'null')]
ToolReturnPart('t','c','id',timestamp=TS)
ToolReturnPart('t',{'a':1},'id',timestamp=TS).model_response_str()
ToolReturnPart('t',None,'id',timestamp=TS).model_response_str()
ToolReturnPart('t',[1,'x'],'id',timestamp=TS).model_response_object()
ToolReturnPart('t',{'a':TS},'id',timestamp=TS).model_response_object()
ToolReturnPart('t','s','id',timestamp=TS).model_response_object()
ToolReturnPart('t',None,'id',timestamp=TS).model_response_object()
ToolReturnPart('t',b'ab','id',timestamp=TS).model_response_str()
ToolReturnPart('t',TextPart('x'),'id',timestamp=TS).model_response_str()
[ToolReturnPart('t',x,'id',timestamp=TS).has_content() for x in (None,'',0,[],{})]
ToolReturnPart('t',[ImageUrl('http://a/b.png'),'x'],'id',timestamp=TS).model_response_str()
ToolReturnPart('t',[ImageUrl('http://a/b.png'),'x'],'id',timestamp=TS).model_response_str_and_user_content()
ToolReturnPart('t',ImageUrl('http://a/b.png'),'id',timestamp=TS).model_response_str_and_user_content()
ToolReturnPart('t',BinaryContent(b'ab',media_type='image/png'),'id',timestamp=TS).model_response_str_and_user_content()
ToolReturnPart('t',[BinaryContent(b'ab',media_type='image/png'),BinaryContent(b'cd',media_type='image/png'),{'a':1}],'id',timestamp=TS).model_response_str_and_user_content()
ToolReturnPart('t',[ImageUrl('http://a/b.png'),'x'],'id',timestamp=TS).files
ToolReturnPart('t',[ImageUrl('http://a/b.png'),{'a':TS}],'id',timestamp=TS).content_items(mode='str')
ToolReturnPart('t',[ImageUrl('http://a/b.png'),{'a':TS}],'id',timestamp=TS).content_items(mode='jsonable')
ToolReturnPart('t','x','id',timestamp=TS).content_items()
ToolReturnPart('t',(1,2),'id',timestamp=TS).content_items()
ToolReturnPart('t',[ImageUrl('http://a/b.png'),{'a':1}],'id',timestamp=TS).model_response_object()
ToolReturnPart('t',[ImageUrl('http://a/b.png')],'id',timestamp=TS).model_response_object()
ToolReturnPart('t',[ImageUrl('http://a/b.png')],'id',timestamp=TS).model_response_str()
ToolReturnPart('t','c','id',timestamp=TS,outcome='failed',metadata={'a':1})
BuiltinToolReturnPart('t','c','id',timestamp=TS,provider_name='x')
BuiltinToolCallPart('t','c','id',provider_name='x')
RetryPromptPart('x',timestamp=TS,tool_call_id='i')
RetryPromptPart('x',timestamp=TS,tool_call_id='i').model_response()
RetryPromptPart('x',tool_name='t',timestamp=TS,tool_call_id='i').model_response()
RetryPromptPart([{'type':'missing','loc':('a','b'),'msg':'Field required','input':{'q':1},'ctx':{'z':1}},{'type':'x','loc':(),'msg':'m','input':5}],tool_name='t',timestamp=TS,tool_call_id='i').model_response()
RetryPromptPart([{'type':'missing','loc':('a',),'msg':'Field required','input':{'q':1}}],timestamp=TS,tool_call_id='i').model_response()
RetryPromptPart([],timestamp=TS,tool_call_id='i').model_response()
SystemPromptPart('x',timestamp=TS)
SystemPromptPart('x',timestamp=TS,dynamic_ref='f')
UserPromptPart('x',timestamp=TS)
UserPromptPart(['x',ImageUrl('http://a/b.png')],timestamp=TS)
InstructionPart('x',dynamic=True)
ModelRequest([UserPromptPart('x',timestamp=TS)])
ModelRequest([UserPromptPart('x',timestamp=TS)],instructions='i',timestamp=TS,run_id='r',metadata={'a':1})
ModelRequest(parts=[])
ModelResponse([TextPart('x')],timestamp=TS)
ModelResponse([TextPart('x')],timestamp=TS,usage=u.RequestUsage(input_tokens=3),model_name='m',finish_reason='stop',provider_response_id='p')
ModelResponse([TextPart('a'),TextPart('b'),ToolCallPart('t',tool_call_id='x'),TextPart('c')],timestamp=TS).text
ModelResponse([ThinkingPart('a'),ThinkingPart('b')],timestamp=TS).thinking
ModelResponse([],timestamp=TS).text
ModelResponse([ThinkingPart('')],timestamp=TS).thinking
ModelResponse([TextPart('')],timestamp=TS).text
ModelResponse([BuiltinToolCallPart('t','{}','i'),BuiltinToolReturnPart('t','r','i',timestamp=TS),BuiltinToolCallPart('t','{}','j')],timestamp=TS).builtin_tool_calls
ModelResponse([FilePart(BinaryContent(b'a',media_type='image/png')),FilePart(BinaryImage(b'b',media_type='image/png'))],timestamp=TS).images
ModelResponse([FilePart(BinaryContent(b'a',media_type='image/png'))],timestamp=TS).files
TextPartDelta('x').apply(TextPart('a',id='i'))
TextPartDelta('x').apply(ThinkingPart('a'))
ThinkingPartDelta(content_delta='x',signature_delta='s').apply(ThinkingPart('a',signature='q'))
ThinkingPartDelta(content_delta='x').apply(ThinkingPartDelta(content_delta='a',signature_delta='q'))
ThinkingPartDelta().apply(ThinkingPartDelta(content_delta='a'))
ThinkingPartDelta().apply(ThinkingPart('a'))
ThinkingPartDelta(provider_details={'b':2}).apply(ThinkingPart('a',provider_details={'a':1}))
ThinkingPartDelta(provider_details=lambda d: {**(d or {}),'n':1},content_delta='q').apply(ThinkingPart('a',provider_details={'a':1}))
ThinkingPartDelta(content_delta='x').apply(TextPart('a'))
ToolCallPartDelta(args_delta='x').apply(ToolCallPart('t','a','i'))
ToolCallPartDelta(args_delta={'b':1}).apply(ToolCallPart('t',{'a':1},'i'))
ToolCallPartDelta(args_delta={'b':1}).apply(ToolCallPart('t','a','i'))
ToolCallPartDelta(args_delta='x').apply(ToolCallPart('t',{'a':1},'i'))
ToolCallPartDelta(args_delta='x').apply(ToolCallPart('t',None,'i'))
ToolCallPartDelta(tool_name_delta='x',tool_call_id='j').apply(ToolCallPart('t','a','i'))
ToolCallPartDelta(tool_name_delta='x').apply(ToolCallPartDelta(args_delta='a',tool_call_id='q'))
ToolCallPartDelta(args_delta='x').apply(ToolCallPartDelta(args_delta='a',tool_call_id='q'))
ToolCallPartDelta(args_delta='x').apply(TextPart('a'))
ToolCallPartDelta(args_delta={'a':1}).apply(BuiltinToolCallPart('t',{},'i'))
ToolCallPartDelta(tool_name_delta='x',args_delta='y',tool_call_id='z').as_part()
ToolCallPartDelta(args_delta='y').as_part()
ToolCallPartDelta(tool_name_delta='', tool_call_id='z').as_part()
PartStartEvent(index=0,part=TextPart('x'))
PartDeltaEvent(index=0,delta=TextPartDelta('x'))
PartEndEvent(index=0,part=TextPart('x'),next_part_kind='text')
FinalResultEvent(tool_name=None,tool_call_id=None)
FunctionToolCallEvent(ToolCallPart('t',tool_call_id='i'))
FunctionToolCallEvent(ToolCallPart('t',tool_call_id='i'),args_valid=True).tool_call_id
FunctionToolResultEvent(ToolReturnPart('t','c','i',timestamp=TS))
FunctionToolResultEvent(result=ToolReturnPart('t','c','i',timestamp=TS),content='x').tool_call_id
FunctionToolCallEvent(ToolCallPart('t',tool_call_id='i')).call_id
BuiltinToolCallEvent(BuiltinToolCallPart('t',tool_call_id='i'))
BuiltinToolResultEvent(result=BuiltinToolReturnPart('t','x',tool_call_id='i',timestamp=TS))
ImageUrl('http://a/b.png')
ImageUrl('http://a/b.png',media_type='image/x',identifier='id',force_download=True,vendor_metadata={'a':1})
ImageUrl('http://a/b.png',media_type='image/x').media_type
ImageUrl('http://a/b.png').identifier
ImageUrl('http://a/b.png').media_type
ImageUrl('http://a/b').media_type
ImageUrl('http://a/b.JPG?x=1#f').media_type
ImageUrl('http://a/b.jpeg').format
ImageUrl('http://a/b.pdf').format
ImageUrl('http://a/b.png',media_type='image/x')==ImageUrl('http://a/b.png')
ImageUrl('http://a/b.png',media_type='a')==ImageUrl('http://a/b.png',media_type='b')
ImageUrl('http://a/b.png',identifier='a')==ImageUrl('http://a/b.png',identifier='b')
AudioUrl('http://a/b.mp3').format
AudioUrl('http://a/b.wav').media_type
AudioUrl('http://a/b.aiff').format
AudioUrl('http://a/b.aac').format
AudioUrl('http://a/b.ogg').format
AudioUrl('http://a/b.oga').media_type
AudioUrl('http://a/b.flac').media_type
VideoUrl('http://a/b.mp4').format
VideoUrl('https://youtu.be/x').media_type
VideoUrl('https://youtu.be/x').is_youtube
VideoUrl('https://www.youtube.com/watch?v=1').format
VideoUrl('http://a/b.mkv').format
VideoUrl('http://a/b.mov').media_type
VideoUrl('http://a/b.3gp').media_type
VideoUrl('http://a/b.three_gp').format
VideoUrl('http://a/b.webm').format
VideoUrl('http://a/b.flv').format
VideoUrl('http://a/b.mpg').format
VideoUrl('http://a/b.wmv').format
VideoUrl('http://a/b').format
DocumentUrl('http://a/b.pdf').format
DocumentUrl('http://a/b.docx').format
DocumentUrl('http://a/b.xlsx').media_type
DocumentUrl('http://a/b.txt').format
DocumentUrl('http://a/b.md').format
DocumentUrl('http://a/b.html').format
DocumentUrl('http://a/b.csv').format
DocumentUrl('http://a/b.rtf').format
DocumentUrl('http://a/b.rtf').media_type
DocumentUrl('http://a/b.doc').format
DocumentUrl('http://a/b.xls').format
DocumentUrl('http://a/b.json').media_type
DocumentUrl('http://a/b').media_type
DocumentUrl('data:application/pdf;base64,AA').media_type
ImageUrl(url='x.gif')
ImageUrl('x.webp').media_type
BinaryContent(b'ab',media_type='image/png')
BinaryContent(b'ab',media_type='image/png',identifier='q',vendor_metadata={'a':1})
BinaryContent(b'ab',media_type='image/png').identifier
BinaryContent(b'ab',media_type='image/png').data_uri
BinaryContent(b'ab',media_type='image/png').base64
[BinaryContent(b'ab',media_type=x).format for x in ('audio/wav','audio/mpeg','image/png','application/pdf','video/mp4','text/markdown','video/3gpp')]
BinaryContent(b'ab',media_type='x/y').format
[(b.is_audio,b.is_image,b.is_video,b.is_document) for b in [BinaryContent(b'',media_type=x) for x in ('audio/wav','image/x','video/x','application/pdf','text/plain','x/y')]]
BinaryContent.from_data_uri('data:image/png;base64,YWI=')
BinaryContent.from_data_uri('data:text/plain;base64,YWI=')
BinaryContent.from_data_uri('http')
BinaryContent.from_data_uri('data:text/plain,abc')
BinaryContent.narrow_type(BinaryContent(b'ab',media_type='image/png',identifier='z'))
BinaryContent.narrow_type(BinaryContent(b'ab',media_type='text/plain'))
BinaryImage(b'ab',media_type='text/plain')
BinaryImage(b'ab',media_type='image/png')
BinaryImage(data=b'ab',media_type='image/png',identifier='x')==BinaryImage(data=b'ab',media_type='image/png')
BinaryContent(b'ab',media_type='image/png')==BinaryImage(b'ab',media_type='image/png')
CachePoint()
CachePoint(ttl='1h')
TextContent('x')
TextContent('x',metadata={'a':1})
UploadedFile('f','openai')
UploadedFile('f.pdf','openai').media_type
UploadedFile('f','openai').media_type
UploadedFile('f','openai').identifier
UploadedFile('f','openai',media_type='image/png',identifier='i').format
UploadedFile(file_id='f',provider_name='anthropic',media_type='image/png')
UploadedFile(file_id='f',provider_name='nope')
FilePart(BinaryContent(b'a',media_type='image/png'))
FilePart(BinaryContent(b'',media_type='image/png')).has_content()
CompactionPart('x')
CompactionPart().has_content()
CompactionPart(provider_details={'a':1}).has_content()
is_multi_modal_content(ImageUrl('x')), is_multi_modal_content('x'), is_multi_modal_content(CachePoint())
ToolReturn('x')
ToolReturn(return_value={'a':1},content=['x'],metadata=3)
t.ToolDefinition(name='x')
t.ToolDefinition(name='x',parameters_json_schema={'type':'object','properties':{'a':{}}},kind='external')
t.ToolDefinition(name='x',kind='unapproved').defer
u.RunUsage()
u.RunUsage(requests=1,input_tokens=3,details={'a':1})
u.RequestUsage(input_tokens=3)+u.RequestUsage(output_tokens=4,details={'x':1})
u.RunUsage(requests=1,tool_calls=1)+u.RequestUsage(output_tokens=4,details={'x':1})
u.RunUsage(requests=1,tool_calls=1).total_tokens
u.RunUsage().has_values(), u.RunUsage(details={'a':1}).has_values(), u.RunUsage(requests=1).has_values()
u.RunUsage(input_tokens=1,cache_read_tokens=2,details={'q':1}).opentelemetry_attributes()
u.UsageLimits()
u.UsageLimits(request_limit=None,total_tokens_limit=5)
u.UsageLimits(request_tokens_limit=5)
u.UsageLimits(response_tokens_limit=5).output_tokens_limit
u.RunUsage(input_tokens=5).request_tokens
u.RunUsage(output_tokens=5).response_tokens
u.Usage(input_tokens=3)
u.UsageLimits(request_tokens_limit=5).request_tokens_limit
ModelResponse([],timestamp=TS,provider_response_id='x').vendor_id
ModelResponse([],timestamp=TS,provider_details={'x':1}).vendor_details
ModelResponse([],timestamp=TS,provider_response_id='x').provider_request_id
ModelRequest.user_text_prompt('hi',instructions='x').instructions
TextPart('x')==TextPart('x'), TextPart('x')==TextPart('x',id='1'), TextPart('x')==ThinkingPart('x')
TextPart()
TextPart('x','y')
ToolCallPart('t','a','b','c')
ToolReturnPart('t','c','i',TS)
ModelResponse([TextPart('x')],u.RequestUsage())
PartStartEvent(0,TextPart('x'))
FunctionToolCallEvent()
[x.content for x in InstructionPart.sorted([InstructionPart('a',dynamic=True),InstructionPart('b')])]
InstructionPart.join([InstructionPart('a'),InstructionPart(''),InstructionPart('b ')])
InstructionPart.join([])
"""


def facts(api: Any) -> dict[str, Any]:
    """For each expression its value in words."""
    from .api import attempt, words

    names = {name: getattr(api.messages, name) for name in dir(api.messages) if not name.startswith("__")}
    names |= {"u": api.usage, "t": api.tools, "json": json, "TS": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            expression: attempt(lambda expression=expression: words(repr(eval(expression, names))))
            for expression in EXPRESSIONS.strip().splitlines()
        }
